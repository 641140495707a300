#!/usr/bin/env -S node --disable-warning=ExperimentalWarning --max-semi-space-size=32
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// Whoever reads the output may have enough of it, as `head` has: then the command is over.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

// It is code that runs: so it lies with the rest of the code, and not among everybody's temporary files. Where that cannot be written, there is none.
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/compiled', import.meta.url)));
const { latchkey } = await import('./cli/index.ts');
await latchkey().parseAsync();
