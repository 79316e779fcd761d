/** The timer of disappearing messages that the apps propose: a week, in seconds. */
export const WA_DEFAULT_EPHEMERAL = 604_800
