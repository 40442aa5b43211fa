/** The reasons why a try has no answer, each with its title and the text of its page, /problems/deliveries/<error>. */
export const deliveryErrors = {
  'destination-not-allowed': {
    title: 'The destination may not be reached',
    help: 'The host does not resolve, or one of its addresses is neither public unicast nor in `EGRESS_ALLOW`. It is not told which. Look the name up from where the service runs; name your own network in `EGRESS_ALLOW`. `http` works only there.',
  },
  timeout: {
    title: 'No complete answer in time',
    help: 'Connecting, sending and the whole answer have 15 seconds. Answer with 2xx as soon as the event is stored, and work on it afterwards.',
  },
  'connection-refused': {
    title: 'Connection refused',
    help: 'Nothing listens on that port, or a firewall refuses. Check the port in the URL and that the receiver runs.',
  },
  'tls-failed': {
    title: 'TLS failed',
    help: 'The certificate is expired, of another name, signed by an unknown authority or comes without its intermediates; or the two sides share no version of TLS. Check it with `openssl s_client -connect host:443 -servername host`.',
  },
  'outcome-unknown': {
    title: 'The outcome of the try is unknown',
    help: 'The process that made the try ended or was paused before it recorded an answer. Your endpoint may or may not have received the event. The event is sent again at once. This try does not count as a failure, and it does not use up a try of the schedule.',
  },
  'connection-failed': {
    title: 'The connection was lost',
    help: 'It was closed before there was an answer, or what came was not HTTP. Look at the log of the receiver and of the proxies before it.',
  },
} as const satisfies Record<string, { title: string; help: string }>;

export type DeliveryError = keyof typeof deliveryErrors;
