import { z } from 'zod';

export interface Totals {
  readonly passed: number;
  readonly failed: number;
}

/** The part of vitest's JSON report that the totals rest on. */
const report = z.object({
  success: z.boolean(),
  testResults: z.array(
    z.object({
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string() })),
    }),
  ),
});

/**
 * Counts tests from vitest's JSON report and its exit code. Whatever is not a pass is a failure: a skipped or unfinished
 * test, a file that could not be loaded, a report that is missing, a run in which nothing ran, and a bad exit that no
 * test explains. Where the run was told to pick tests by name, those that it left out count as neither.
 */
export function totalsOf(json: unknown, exitCode: number, pickedByName: boolean): Totals {
  const parsed = report.safeParse(json);
  if (!parsed.success) return { passed: 0, failed: 1 };
  let passed = 0;
  let failed = 0;
  for (const file of parsed.data.testResults) {
    const passes = file.assertionResults.filter((test) => test.status === 'passed').length;
    const leftOut = pickedByName ? file.assertionResults.filter((test) => test.status === 'skipped').length : 0;
    const others = file.assertionResults.length - passes - leftOut;
    passed += passes;
    failed += file.status === 'passed' || others > 0 ? others : 1;
  }
  const unexplained = failed === 0 && (exitCode !== 0 || !parsed.data.success || passed === 0);
  return { passed, failed: unexplained ? 1 : failed };
}

/** The last line of a run, for whoever adds up. */
export function summaryLine(totals: Totals): string {
  return `${totals.passed} passed, ${totals.failed} failed`;
}
