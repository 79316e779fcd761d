import { platform, release } from 'node:os'
import { proto } from '../proto/index.js'

/** What the phone lists a linked device as: `[operating system, browser, release]`. The release is never sent. */
export type WABrowserDescription = [os: string, browser: string, release: string]

/** Browser descriptions by operating system, under the names of Baileys. */
export interface BrowsersMap {
  ubuntu(browser: string): WABrowserDescription
  macOS(browser: string): WABrowserDescription
  baileys(browser: string): WABrowserDescription
  windows(browser: string): WABrowserDescription
  /** Makes the client register as an Android phone instead of a web client; the argument is the name shown. */
  android(name: string): WABrowserDescription
  /** This machine's operating system and release. */
  appropriate(browser: string): WABrowserDescription
}

const systemNames: ReadonlyMap<string, string> = new Map([
  ['aix', 'AIX'],
  ['darwin', 'Mac OS'],
  ['win32', 'Windows'],
  ['android', 'Android'],
  ['freebsd', 'FreeBSD'],
  ['openbsd', 'OpenBSD'],
  ['sunos', 'Solaris'],
])

/** The default description: a Mac (docs/protocol/01 §3.5). */
export const macBrowser = (browser: string): WABrowserDescription => ['Mac OS', browser, '14.4.1']

export const Browsers: BrowsersMap = {
  ubuntu: browser => ['Ubuntu', browser, '22.04.4'],
  macOS: macBrowser,
  baileys: browser => ['Baileys', browser, '6.5.0'],
  windows: browser => ['Windows', browser, '10.0.22631'],
  android: name => [name, 'Android', ''],
  appropriate: browser => [systemNames.get(platform()) ?? 'Ubuntu', browser, release()],
}

/** The kinds of client that a QR text and a pairing code name (docs/protocol/01 §6.2). */
export const CompanionWebClientType = {
  UNKNOWN: 0,
  CHROME: 1,
  EDGE: 2,
  FIREFOX: 3,
  IE: 4,
  OPERA: 5,
  SAFARI: 6,
  ELECTRON: 7,
  UWP: 8,
  OTHER_WEB_CLIENT: 9,
} as const
export type CompanionWebClientType = (typeof CompanionWebClientType)[keyof typeof CompanionWebClientType]

/** Names are case-sensitive; a name that is not listed counts as another web client. */
const clientTypes: ReadonlyMap<string, CompanionWebClientType> = new Map([
  ['Chrome', CompanionWebClientType.CHROME],
  ['Edge', CompanionWebClientType.EDGE],
  ['Firefox', CompanionWebClientType.FIREFOX],
  ['IE', CompanionWebClientType.IE],
  ['Opera', CompanionWebClientType.OPERA],
  ['Safari', CompanionWebClientType.SAFARI],
])

/** The kind of client of a browser description. */
export function getCompanionWebClientType([os, browser]: WABrowserDescription): CompanionWebClientType {
  if (browser === 'Desktop') return os === 'Windows' ? CompanionWebClientType.UWP : CompanionWebClientType.ELECTRON
  return clientTypes.get(browser) ?? CompanionWebClientType.OTHER_WEB_CLIENT
}

/** {@link getCompanionWebClientType} as the text that goes into QR texts and pairing stanzas. */
export function getCompanionPlatformId(browser: WABrowserDescription): string {
  return String(getCompanionWebClientType(browser))
}

/**
 * How a description is shown on the phone of somebody who links by code: `Chrome (Mac OS)`. The service refuses
 * displays whose browser or operating system it does not know (docs/protocol/01 §7.2).
 */
export function companionDisplayName([os, browser]: WABrowserDescription): string {
  return `${browser} (${os})`
}

/** The number of `DeviceProps.PlatformType` for a browser name, any case, as text; `1` (Chrome) for an unknown name. */
export function getPlatformId(browser: string): string {
  return String(devicePlatformType(browser))
}

/** `DeviceProps.PlatformType` of a browser name, any case; Chrome for an unknown name. */
export function devicePlatformType(browser: string): proto.DeviceProps.PlatformType {
  const { PlatformType } = proto.DeviceProps
  const type: unknown = Reflect.get(PlatformType, browser.toUpperCase())
  return typeof type === 'number' && type !== PlatformType.UNKNOWN ? type : PlatformType.CHROME
}
