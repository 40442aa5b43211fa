import { basicUser, isSimulatorKey, signingKeys } from './parse-keys.js';
import { anyText, decimal, integer } from './parse-text.js';
import { isOfPrivateNetwork, providerBaseUrl, providerPage } from './parse-urls.js';
import type { Settings } from './settings.js';
import type { VariableReader } from './variable-reader.js';

/** A call that takes no time cannot be made; a millisecond is the least a timer can tell. */
const shortestTimeoutSeconds = 0.001;

const signingKeyOfNotification = "the signing key of the notification in iDenfy's dashboard";

export function readIdenfy(read: VariableReader): Settings['idenfy'] {
  const fromDashboard = "the one of the account's key pair in iDenfy's dashboard";
  const idenfy = {
    baseUrl: read.optional('IDENFY_BASE_URL', providerBaseUrl, 'https://ivs.idenfy.com'),
    faceUrl: read.optional('IDENFY_FACE_URL', providerPage, 'https://face.authentication.idenfy.com/'),
    identificationUrl: read.optional('IDENFY_IDENTIFICATION_URL', providerPage, 'https://ui.idenfy.com/'),
    apiKey: read.required('IDENFY_API_KEY', basicUser, '', fromDashboard),
    apiSecret: read.required('IDENFY_API_SECRET', anyText, '', fromDashboard),
    webhookKeys: read.required(
      'IDENFY_WEBHOOK_KEYS',
      signingKeys,
      [],
      `${signingKeyOfNotification}, several by commas`,
    ),
    requestsPerHour: read.optional('IDENFY_REQUESTS_PER_HOUR', integer(1, 10_000_000), 10_000),
    timeoutSeconds: read.optional('IDENFY_TIMEOUT_SECONDS', decimal(shortestTimeoutSeconds, 60), 10),
  };
  if (idenfy.webhookKeys.some(isSimulatorKey) && !isOfPrivateNetwork(idenfy.baseUrl)) {
    const why = 'IDENFY_BASE_URL is neither a loopback nor a private address';
    read.fault(
      'IDENFY_WEBHOOK_KEYS',
      `holds a key of the simulator (sim-), which is public, but ${why}, expected ${signingKeyOfNotification}`,
    );
  }
  return idenfy;
}
