#!/usr/bin/env -S node --disable-warning=ExperimentalWarning --max-semi-space-size=64
import { latchkey } from './cli/index.ts';

await latchkey().parseAsync();
