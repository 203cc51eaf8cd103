"""Subcommand `doctor`: why nothing comes out, and what to do."""

import argparse
from dataclasses import asdict
import json
from typing import TYPE_CHECKING

from occany_ros.cli.node_parameters import add_parameter_options, chosen_parameters

if TYPE_CHECKING:
    from occany_ros.ros.health.finding import Finding

SUMMARY = 'examine machine, parameters, weights and topics, and name the remedy'
EPILOG = """examples:
  occany doctor                                             the default camera topic
  occany doctor --preset nuscenes                           the topics of a preset
  occany doctor --params-file my.yaml                       what your node would see
  occany doctor -p cameras:='[left, right]' --json          for a program
  occany doctor --seconds 0                                 machine and weights only

exit codes: 0 nothing keeps output away, 1 something does, 2 a wrong command line
"""
MARKS = {'ok': 'ok   ', 'warn': 'WARN ', 'fault': 'FAULT'}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_parameter_options(parser)
    parser.add_argument(
        '--seconds', type=float, default=6.0, help='how long to listen to the graph; 0: not at all'
    )
    parser.add_argument('--json', action='store_true', help='print JSON')


def run(arguments: argparse.Namespace) -> int:
    """
    Examine and print.

    :returns: 0 if nothing keeps output away, 1 otherwise.
    """
    from occany_ros.cli.needs_ros import require_ros

    require_ros()
    from occany_ros.ros.health.doctor import examine, has_fault

    given = chosen_parameters(arguments)
    findings = []
    for finding in examine(given, seconds=arguments.seconds, node=arguments.node):
        findings.append(finding)
        if not arguments.json:
            print(f'{MARKS[finding.level]} {finding.subject}: {finding.text}', flush=True)
            if finding.section:
                print(f'      see {finding.section}', flush=True)
    is_faulty = has_fault(findings)
    if arguments.json:
        report = {'healthy': not is_faulty, 'findings': [_as_json(item) for item in findings]}
        print(json.dumps(report, indent=1))
    return 1 if is_faulty else 0


def _as_json(finding: 'Finding') -> dict[str, str]:
    return asdict(finding) | {'section': finding.section}
