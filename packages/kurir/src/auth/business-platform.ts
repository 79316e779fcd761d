/** Platforms (`creds.platform`) of the business app: Android and iPhone. */
export type BusinessPlatform = 'smba' | 'smbi'

/** Whether the phone of the account runs the business app. */
export function isWABusinessPlatform(platform: string): platform is BusinessPlatform {
  return platform === 'smba' || platform === 'smbi'
}
