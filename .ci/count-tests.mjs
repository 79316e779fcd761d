// Prints the closing line of the gate from Vitest's JSON report; fails when no test ran, or none on PostgreSQL.
import { readFileSync } from 'node:fs'

const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(
  readFileSync(process.argv[2], 'utf8'),
)
const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : ''
console.log(`${numPassedTests} passed, ${numFailedTests} failed${skipped}`)
const passed = testResults.flatMap(({ assertionResults }) =>
  assertionResults.filter(({ status }) => status === 'passed'),
)
if (!passed.some(({ fullName }) => fullName.includes('(postgres)'))) {
  console.error('no test ran on PostgreSQL')
  process.exit(1)
}
if (numPassedTests === 0) process.exit(1)
