"""What the method costs on this machine: time, memory and counted operations, stage by stage."""
