"""Subcommand `doctor`: why nothing comes out, and what to do."""

import argparse
from dataclasses import asdict
import json
from pathlib import Path

SUMMARY = 'examine machine, parameters, weights and topics, and name the remedy'
EPILOG = """examples:
  occany doctor                                             the default camera topic
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
    parser.add_argument('--params-file', type=Path, help="the node's parameter file")
    parser.add_argument(
        '-p', dest='parameters', action='append', default=[], metavar='NAME:=VALUE',
        help='a parameter of the node; may be given again',
    )  # fmt: skip
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
    from occany_ros.cli.node_parameters import given_parameters

    require_ros()
    from occany_ros.ros.doctor import examine, has_fault

    given = given_parameters(arguments.params_file, arguments.parameters)
    simulated = bool(given.pop('use_sim_time', False))
    findings = []
    for finding in examine(given, seconds=arguments.seconds, simulated=simulated):
        findings.append(finding)
        if not arguments.json:
            print(f'{MARKS[finding.level]} {finding.subject}: {finding.text}', flush=True)
    is_faulty = has_fault(findings)
    if arguments.json:
        report = {'healthy': not is_faulty, 'findings': [asdict(item) for item in findings]}
        print(json.dumps(report, indent=1))
    return 1 if is_faulty else 0
