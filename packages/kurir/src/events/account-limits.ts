/** Why WhatsApp keeps this account from writing to new people; `DEFAULT` means no restriction. */
export const ReachoutTimelockEnforcementType = {
  BIZ_COMMERCE_VIOLATION_ALCOHOL: 'BIZ_COMMERCE_VIOLATION_ALCOHOL',
  BIZ_COMMERCE_VIOLATION_ADULT: 'BIZ_COMMERCE_VIOLATION_ADULT',
  BIZ_COMMERCE_VIOLATION_ANIMALS: 'BIZ_COMMERCE_VIOLATION_ANIMALS',
  BIZ_COMMERCE_VIOLATION_BODY_PARTS_FLUIDS: 'BIZ_COMMERCE_VIOLATION_BODY_PARTS_FLUIDS',
  BIZ_COMMERCE_VIOLATION_DATING: 'BIZ_COMMERCE_VIOLATION_DATING',
  BIZ_COMMERCE_VIOLATION_DIGITAL_SERVICES_PRODUCTS: 'BIZ_COMMERCE_VIOLATION_DIGITAL_SERVICES_PRODUCTS',
  BIZ_COMMERCE_VIOLATION_DRUGS: 'BIZ_COMMERCE_VIOLATION_DRUGS',
  BIZ_COMMERCE_VIOLATION_DRUGS_ONLY_OTC: 'BIZ_COMMERCE_VIOLATION_DRUGS_ONLY_OTC',
  BIZ_COMMERCE_VIOLATION_GAMBLING: 'BIZ_COMMERCE_VIOLATION_GAMBLING',
  BIZ_COMMERCE_VIOLATION_HEALTHCARE: 'BIZ_COMMERCE_VIOLATION_HEALTHCARE',
  BIZ_COMMERCE_VIOLATION_REAL_FAKE_CURRENCY: 'BIZ_COMMERCE_VIOLATION_REAL_FAKE_CURRENCY',
  BIZ_COMMERCE_VIOLATION_SUPPLEMENTS: 'BIZ_COMMERCE_VIOLATION_SUPPLEMENTS',
  BIZ_COMMERCE_VIOLATION_TOBACCO: 'BIZ_COMMERCE_VIOLATION_TOBACCO',
  BIZ_COMMERCE_VIOLATION_VIOLENT_CONTENT: 'BIZ_COMMERCE_VIOLATION_VIOLENT_CONTENT',
  BIZ_COMMERCE_VIOLATION_WEAPONS: 'BIZ_COMMERCE_VIOLATION_WEAPONS',
  BIZ_QUALITY: 'BIZ_QUALITY',
  DEFAULT: 'DEFAULT',
  WEB_COMPANION_ONLY: 'WEB_COMPANION_ONLY',
} as const
export type ReachoutTimelockEnforcementType =
  (typeof ReachoutTimelockEnforcementType)[keyof typeof ReachoutTimelockEnforcementType]

/** A time during which messages and calls to new people are refused (ack code 463). */
export interface ReachoutTimelockState {
  isActive?: boolean | undefined
  timeEnforcementEnds?: Date | undefined
  enforcementType?: ReachoutTimelockEnforcementType | undefined
}

export const NewChatMessageCappingStatusType = {
  NONE: 'NONE',
  FIRST_WARNING: 'FIRST_WARNING',
  SECOND_WARNING: 'SECOND_WARNING',
  CAPPED: 'CAPPED',
} as const
export type NewChatMessageCappingStatusType =
  (typeof NewChatMessageCappingStatusType)[keyof typeof NewChatMessageCappingStatusType]

export const NewChatMessageCappingMVStatusType = {
  NOT_ELIGIBLE: 'NOT_ELIGIBLE',
  NOT_ACTIVE: 'NOT_ACTIVE',
  ACTIVE: 'ACTIVE',
  ACTIVE_UPGRADE_AVAILABLE: 'ACTIVE_UPGRADE_AVAILABLE',
} as const
export type NewChatMessageCappingMVStatusType =
  (typeof NewChatMessageCappingMVStatusType)[keyof typeof NewChatMessageCappingMVStatusType]

export const NewChatMessageCappingOTEStatusType = {
  NOT_ELIGIBLE: 'NOT_ELIGIBLE',
  ELIGIBLE: 'ELIGIBLE',
  ACTIVE_IN_CURRENT_CYCLE: 'ACTIVE_IN_CURRENT_CYCLE',
  EXHAUSTED: 'EXHAUSTED',
} as const
export type NewChatMessageCappingOTEStatusType =
  (typeof NewChatMessageCappingOTEStatusType)[keyof typeof NewChatMessageCappingOTEStatusType]

/** How many chats with new people this account may still open in the current cycle. Names are the server's. */
export interface NewChatMessageCapInfo {
  total_quota?: number | undefined
  used_quota?: number | undefined
  /** Unix seconds as text, like the other two. */
  cycle_start_timestamp?: string | undefined
  cycle_end_timestamp?: string | undefined
  server_sent_timestamp?: string | undefined
  ote_status?: NewChatMessageCappingOTEStatusType | undefined
  mv_status?: NewChatMessageCappingMVStatusType | undefined
  capping_status?: NewChatMessageCappingStatusType | undefined
}
