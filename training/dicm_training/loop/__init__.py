"""What every stage shares: options, schedule, log, checkpoints, the optimiser step, the teacher."""
