/** The bots that the service offers to everybody. */
export const BOTS: readonly { readonly jid: string; readonly personaId: string }[] = [
  { jid: '867051314767696@bot', personaId: '867051314767696$760019659443059' },
  { jid: '1061492271844689@bot', personaId: '1061492271844689$1' },
]
