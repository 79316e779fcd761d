import type { proto } from '../proto/index.js'
import type { WAPatchName } from './collection-names.js'

/**
 * What a slot of an index holds (docs/protocol/04, 2.1). All are texts on the wire: a flag is "1" or "0", a participant
 * is a JID or "0", a number is decimal.
 */
export type SlotKind = 'jid' | 'flag' | 'jidOrZero' | 'enum' | 'string'

export interface ActionFacts {
  readonly collection: WAPatchName
  /** `SyncActionData.version` of what is written; undefined where it is not known. */
  readonly version: number | undefined
  /** What follows the name in the index, in order. Indexes may have more, of unknown meaning. */
  readonly slots: Readonly<Record<string, SlotKind>>
  /** The member of `SyncActionValue` that it uses; undefined where the index says everything. */
  readonly value: keyof proto.ISyncActionValue | undefined
}

/** Every action that is known, by the name that begins its index (docs/protocol/04, 2.2). */
export const actionTable = {
  // critical_block
  generated_wui: { collection: 'critical_block', version: undefined, slots: {}, value: undefined },
  setting_locale: { collection: 'critical_block', version: 3, slots: {}, value: 'localeSetting' },
  setting_pushName: { collection: 'critical_block', version: 1, slots: {}, value: 'pushNameSetting' },
  setting_securityNotification: { collection: 'critical_block', version: undefined, slots: {}, value: undefined },
  // critical_unblock_low
  contact: { collection: 'critical_unblock_low', version: 2, slots: { id: 'string' }, value: 'contactAction' },
  lid_contact: { collection: 'critical_unblock_low', version: 1, slots: { id: 'string' }, value: 'lidContactAction' },
  // regular_high
  ai_thread_delete: {
    collection: 'regular_high',
    version: 7,
    slots: { chatJid: 'jid', id: 'string' },
    value: undefined,
  },
  biz_ai_settings_nudge: { collection: 'regular_high', version: 1, slots: {}, value: 'bizAiSettingsNudgeAction' },
  clearChat: {
    collection: 'regular_high',
    version: 6,
    slots: { chatJid: 'jid', deleteStarred: 'flag', deleteMedia: 'flag' },
    value: 'clearChatAction',
  },
  ctwaPerCustomerDataSharing: {
    collection: 'regular_high',
    version: 1,
    slots: { accountLid: 'string' },
    value: 'ctwaPerCustomerDataSharingAction',
  },
  deleteChat: {
    collection: 'regular_high',
    version: 6,
    slots: { chatJid: 'jid', deleteMedia: 'flag' },
    value: 'deleteChatAction',
  },
  deleteMessageForMe: {
    collection: 'regular_high',
    version: 3,
    slots: { remote: 'jid', id: 'string', fromMe: 'flag', participant: 'jidOrZero' },
    value: 'deleteMessageForMeAction',
  },
  favorites: { collection: 'regular_high', version: 1, slots: {}, value: 'favoritesAction' },
  maiba_ai_features_control: {
    collection: 'regular_high',
    version: undefined,
    slots: {},
    value: 'maibaAiFeaturesControlAction',
  },
  mute: { collection: 'regular_high', version: 2, slots: { chatJid: 'jid' }, value: 'muteAction' },
  nct_salt_sync: { collection: 'regular_high', version: 1, slots: {}, value: 'nctSaltSyncAction' },
  private_processing_setting: {
    collection: 'regular_high',
    version: undefined,
    slots: {},
    value: 'privateProcessingSettingAction',
  },
  shared_device_allowlist: {
    collection: 'regular_high',
    version: undefined,
    slots: {},
    value: 'sharedDeviceAllowlistAction',
  },
  star: {
    collection: 'regular_high',
    version: 2,
    slots: { remote: 'jid', id: 'string', fromMe: 'flag', participant: 'jidOrZero' },
    value: 'starAction',
  },
  status_post_opt_in_notification_preferences_action: {
    collection: 'regular_high',
    version: undefined,
    slots: {},
    value: 'statusPostOptInNotificationPreferencesAction',
  },
  status_privacy: { collection: 'regular_high', version: 7, slots: {}, value: 'statusPrivacy' },
  ugc_bot: { collection: 'regular_high', version: undefined, slots: {}, value: 'ugcBot' },
  userStatusMute: { collection: 'regular_high', version: 7, slots: { id: 'string' }, value: 'userStatusMuteAction' },
  waffle_account_link_state: {
    collection: 'regular_high',
    version: 1,
    slots: {},
    value: 'waffleAccountLinkStateAction',
  },
  wasa_root_secret: {
    collection: 'regular_high',
    version: 1,
    slots: { chatJid: 'jid' },
    value: 'wasaRootSecretAction',
  },
  // regular_low
  ai_thread_rename: {
    collection: 'regular_low',
    version: 7,
    slots: { chatJid: 'jid', id: 'string' },
    value: 'aiThreadRenameAction',
  },
  android_unsupported_actions: { collection: 'regular_low', version: 4, slots: {}, value: 'androidUnsupportedActions' },
  archive: { collection: 'regular_low', version: 3, slots: { chatJid: 'jid' }, value: 'archiveChatAction' },
  bot_welcome_request: {
    collection: 'regular_low',
    version: 2,
    slots: { chatJid: 'jid' },
    value: 'botWelcomeRequestAction',
  },
  business_folder_activation: {
    collection: 'regular_low',
    version: undefined,
    slots: {},
    value: 'businessFolderActivationAction',
  },
  coexV2Version: { collection: 'regular_low', version: undefined, slots: {}, value: 'coexV2VersionAction' },
  contact_manager_metadata: {
    collection: 'regular_low',
    version: undefined,
    slots: {},
    value: 'contactManagerMetadataAction',
  },
  custom_payment_methods: { collection: 'regular_low', version: 7, slots: {}, value: 'customPaymentMethodsAction' },
  customer_data: { collection: 'regular_low', version: 1, slots: { chatJid: 'string' }, value: 'customerDataAction' },
  device_capabilities: { collection: 'regular_low', version: 7, slots: {}, value: 'deviceCapabilities' },
  device_capabilities_v2: { collection: 'regular_low', version: undefined, slots: {}, value: 'deviceCapabilitiesV2' },
  favoriteSticker: { collection: 'regular_low', version: 7, slots: { filehash: 'string' }, value: 'stickerAction' },
  interactive_message_action: {
    collection: 'regular_low',
    version: 1,
    slots: { remote: 'jid', id: 'string', fromMe: 'flag', participant: 'jidOrZero', arg5: 'string' },
    value: 'interactiveMessageAction',
  },
  lock: { collection: 'regular_low', version: 7, slots: { chatJid: 'jid' }, value: 'lockChatAction' },
  lock_message: { collection: 'regular_low', version: undefined, slots: {}, value: 'bubbleLockMessageAction' },
  markChatAsRead: { collection: 'regular_low', version: 3, slots: { chatJid: 'jid' }, value: 'markChatAsReadAction' },
  merchant_payment_partner: { collection: 'regular_low', version: 7, slots: {}, value: 'merchantPaymentPartnerAction' },
  note_edit: { collection: 'regular_low', version: 7, slots: { id: 'string' }, value: 'noteEditAction' },
  nux: { collection: 'regular_low', version: 7, slots: { nuxKey: 'string' }, value: 'nuxAction' },
  out_contact: { collection: 'regular_low', version: 1, slots: { id: 'string' }, value: 'outContactAction' },
  payment_info: { collection: 'regular_low', version: 7, slots: {}, value: 'paymentInfoAction' },
  payment_tos: { collection: 'regular_low', version: 7, slots: {}, value: 'paymentTosAction' },
  pin_v1: { collection: 'regular_low', version: 5, slots: { chatJid: 'jid' }, value: 'pinAction' },
  primary_version: { collection: 'regular_low', version: 7, slots: { key1: 'string' }, value: 'primaryVersionAction' },
  recent_emoji_weights_action: {
    collection: 'regular_low',
    version: undefined,
    slots: {},
    value: 'recentEmojiWeightsAction',
  },
  removeRecentSticker: {
    collection: 'regular_low',
    version: 7,
    slots: { filehash: 'string' },
    value: 'removeRecentStickerAction',
  },
  sentinel: { collection: 'regular_low', version: 3, slots: {}, value: 'keyExpiration' },
  setting_autoOrganizeBusinessChat: {
    collection: 'regular_low',
    version: undefined,
    slots: {},
    value: 'autoOrganizeBusinessChatSetting',
  },
  setting_chatLock: { collection: 'regular_low', version: 7, slots: {}, value: 'chatLockSettings' },
  setting_unarchiveChats: { collection: 'regular_low', version: 4, slots: {}, value: 'unarchiveChatsSetting' },
  settings_sync: {
    collection: 'regular_low',
    version: 1,
    slots: { settingPlatform: 'enum', settingKey: 'enum', chatJid: 'jid' },
    value: 'settingsSyncAction',
  },
  thread_pin: {
    collection: 'regular_low',
    version: 7,
    slots: { chatJid: 'jid', id: 'string' },
    value: 'threadPinAction',
  },
  time_format: { collection: 'regular_low', version: 7, slots: {}, value: 'timeFormatAction' },
  // regular
  agentChatAssignment: { collection: 'regular', version: 7, slots: { chatJid: 'jid' }, value: 'chatAssignment' },
  agentChatAssignmentOpenedStatus: {
    collection: 'regular',
    version: 7,
    slots: { chatJid: 'jid', agentId: 'string' },
    value: 'chatAssignmentOpenedStatus',
  },
  avatar_updated_action: { collection: 'regular', version: 7, slots: {}, value: 'avatarUpdatedAction' },
  broadcast: { collection: 'regular', version: undefined, slots: {}, value: undefined },
  broadcast_jid: { collection: 'regular', version: undefined, slots: {}, value: undefined },
  business_broadcast_campaign: {
    collection: 'regular',
    version: 1,
    slots: { campaign: 'string' },
    value: 'businessBroadcastCampaignAction',
  },
  business_broadcast_insights_sync: {
    collection: 'regular',
    version: 1,
    slots: { campaignId: 'string' },
    value: 'businessBroadcastInsightsAction',
  },
  business_broadcast_list: {
    collection: 'regular',
    version: 1,
    slots: { id: 'string' },
    value: 'businessBroadcastListAction',
  },
  call_log: { collection: 'regular', version: 1, slots: {}, value: 'callLogAction' },
  ctwa_message_received: { collection: 'regular', version: undefined, slots: {}, value: 'ctwaMessageReceivedAction' },
  delete_individual_call_log: {
    collection: 'regular',
    version: undefined,
    slots: {},
    value: 'deleteIndividualCallLog',
  },
  detected_outcomes_status_action: {
    collection: 'regular',
    version: 1,
    slots: {},
    value: 'detectedOutcomesStatusAction',
  },
  deviceAgent: { collection: 'regular', version: 7, slots: { agentId: 'string' }, value: 'agentAction' },
  external_web_beta: { collection: 'regular', version: 3, slots: {}, value: 'externalWebBetaAction' },
  galaxy_flow_action: { collection: 'regular', version: undefined, slots: {}, value: undefined },
  label_edit: { collection: 'regular', version: 3, slots: { labelId: 'string' }, value: 'labelEditAction' },
  label_jid: {
    collection: 'regular',
    version: 3,
    slots: { labelId: 'string', chatJid: 'jid' },
    value: 'labelAssociationAction',
  },
  label_message: {
    collection: 'regular',
    version: 3,
    slots: { labelId: 'string', chatJid: 'jid', messageId: 'string', fromMe: 'flag', participant: 'jidOrZero' },
    value: 'labelAssociationAction',
  },
  label_reordering: { collection: 'regular', version: 3, slots: {}, value: 'labelReorderingAction' },
  label_sublist: {
    collection: 'regular',
    version: undefined,
    slots: { predefinedId: 'string', chatJid: 'jid' },
    value: 'labelSublistAction',
  },
  marketingMessage: { collection: 'regular', version: 7, slots: { id: 'string' }, value: 'marketingMessageAction' },
  marketingMessageBroadcast: {
    collection: 'regular',
    version: 7,
    slots: { premiumMessageId: 'string', messageId: 'string' },
    value: 'marketingMessageBroadcastAction',
  },
  music_user_id: { collection: 'regular', version: undefined, slots: {}, value: 'musicUserIdAction' },
  newsletter_saved_interests: {
    collection: 'regular',
    version: undefined,
    slots: {},
    value: 'newsletterSavedInterestsAction',
  },
  notificationActivitySetting: {
    collection: 'regular',
    version: undefined,
    slots: {},
    value: 'notificationActivitySettingAction',
  },
  pnForLidChat: { collection: 'regular', version: 8, slots: { lid: 'string' }, value: 'pnForLidChatAction' },
  primary_feature: { collection: 'regular', version: 7, slots: {}, value: 'primaryFeature' },
  quick_reply: { collection: 'regular', version: 2, slots: { id: 'string' }, value: 'quickReplyAction' },
  setting_channels_personalised_recommendation_optout: {
    collection: 'regular',
    version: undefined,
    slots: {},
    value: 'privacySettingChannelsPersonalisedRecommendationAction',
  },
  setting_disableLinkPreviews: {
    collection: 'regular',
    version: 8,
    slots: {},
    value: 'privacySettingDisableLinkPreviewsAction',
  },
  setting_relayAllCalls: { collection: 'regular', version: 1, slots: {}, value: 'privacySettingRelayAllCalls' },
  shareOwnPn: { collection: 'regular', version: 8, slots: { lid: 'string' }, value: undefined },
  subscription: { collection: 'regular', version: undefined, slots: {}, value: 'subscriptionAction' },
  subscriptions_sync_v2: { collection: 'regular', version: 1, slots: {}, value: 'subscriptionsSyncV2Action' },
  usernameChatStartMode: { collection: 'regular', version: undefined, slots: {}, value: 'usernameChatStartMode' },
} as const satisfies Readonly<Record<string, ActionFacts>>

export type ActionName = keyof typeof actionTable

export function isActionName(text: string | undefined): text is ActionName {
  return text !== undefined && Object.hasOwn(actionTable, text)
}
