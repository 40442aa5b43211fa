/** Who or what caused a change. */
export interface Actor {
  kind: 'api-key' | 'client-token' | 'idenfy' | 'system';
  /** id of the API key, of the session whose client token it was, or of the webhook; for the system the rule's name */
  id: string;
  /** name of the API key; only in events of administration and of reviews, which outlive the key */
  name?: string;
  /** with `name`: the person or system that holds the key; null if the key names none */
  owner?: string | null;
}

/** The actor of an act of administration. */
export interface Administrator {
  readonly actor: Actor;
  /** the platform of the actor; null: no single platform */
  readonly platform: string | null;
}
