import type { SettingsUpdate } from '../events/event-map.js'
import type { proto } from '../proto/index.js'
import type { ActionContext, ActionRule, AppStateEvent } from './action-rule.js'

/** Settings of the account (docs/protocol/04, 2.6 rules 6, 8, 13, 14, 16, 17, 19, 20 and 22, and 2.9). */
export const settingEvents: ActionRule = ({ index, value, operation }, context) => {
  if (operation === 'remove') return index[0] === 'nct_salt_sync' ? [saltEvent(undefined)] : undefined
  if (!value) return undefined
  const setting = settingOf(value)
  return setting ? [{ event: 'settings.update', data: setting }] : credentialEvents(value, context)
}

/** What is kept with the credentials. Empty when nothing changes. */
function credentialEvents(
  { pushNameSetting, unarchiveChatsSetting, nctSaltSyncAction }: proto.ISyncActionValue,
  { me, accountSettings }: ActionContext,
): readonly AppStateEvent[] | undefined {
  if (pushNameSetting) {
    const { name } = pushNameSetting
    return name && me && me.name !== name ? [{ event: 'creds.update', data: { me: { ...me, name } } }] : []
  }
  if (unarchiveChatsSetting) {
    const unarchiveChats = unarchiveChatsSetting.unarchiveChats === true
    return [{ event: 'creds.update', data: { accountSettings: { ...accountSettings, unarchiveChats } } }]
  }
  if (nctSaltSyncAction) {
    const { salt } = nctSaltSyncAction
    return salt && salt.byteLength > 0 ? [saltEvent(Buffer.from(salt))] : []
  }
  return undefined
}

const saltEvent = (nctSalt: Buffer | undefined): AppStateEvent => ({ event: 'creds.update', data: { nctSalt } })

function settingOf(value: proto.ISyncActionValue): SettingsUpdate | undefined {
  const locale = value.localeSetting?.locale
  if (locale) return { setting: 'locale', value: locale }
  if (value.timeFormatAction) return { setting: 'timeFormat', value: value.timeFormatAction }
  if (value.privacySettingRelayAllCalls) {
    return { setting: 'privacySettingRelayAllCalls', value: value.privacySettingRelayAllCalls }
  }
  if (value.statusPrivacy) return { setting: 'statusPrivacy', value: value.statusPrivacy }
  const linkPreviews = value.privacySettingDisableLinkPreviewsAction
  if (linkPreviews) return { setting: 'disableLinkPreviews', value: linkPreviews }
  const activity = value.notificationActivitySettingAction?.notificationActivitySetting
  if (typeof activity === 'number') return { setting: 'notificationActivitySetting', value: activity }
  const recommendation = value.privacySettingChannelsPersonalisedRecommendationAction
  return recommendation ? { setting: 'channelsPersonalisedRecommendation', value: recommendation } : undefined
}
