/** Who or what caused a change. */
export interface Actor {
  kind: 'api-key' | 'client-token' | 'idenfy' | 'system';
  /** id of the API key, of the session whose client token it was, or of the webhook; for the system the rule's name */
  id: string;
}
