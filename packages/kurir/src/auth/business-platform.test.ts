import { expect, it } from 'vitest'
import { isWABusinessPlatform } from './business-platform.js'

it.each([
  ['smba', true],
  ['smbi', true],
  ['android', false],
  ['iphone', false],
  ['', false],
])('the platform "%s" is a business app: %s', (platform, isBusiness) => {
  expect(isWABusinessPlatform(platform)).toBe(isBusiness)
})
