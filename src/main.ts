#!/usr/bin/env -S node --disable-warning=ExperimentalWarning --max-semi-space-size=64
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// It is code that runs: so it lies with the rest of the code, and not among everybody's temporary files. Where that cannot be written, there is none.
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/compiled', import.meta.url)));
const { latchkey } = await import('./cli/index.ts');
await latchkey().parseAsync();
