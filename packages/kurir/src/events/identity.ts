/** The id by which payloads are merged. One without an id stands for itself: it is delivered, never merged. */
export const identityOf = (item: { readonly id?: string | null | undefined }): unknown => item.id ?? item
