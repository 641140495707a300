#!/usr/bin/env -S node --disable-warning=ExperimentalWarning --max-semi-space-size=64
import { latchkey } from './cli/index.ts';

// Whoever reads the output may have enough of it, as `head` has: then the command is over.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

await latchkey().parseAsync();
