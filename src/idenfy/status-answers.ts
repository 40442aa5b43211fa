/** The meaning of the HTTP status of an answer. The body does not matter here. */

export const isSuccess = (status: number): boolean => status >= 200 && status < 300;

export const notFound = (status: number) => (status === 404 ? ({ kind: 'not-found' } as const) : null);

/** README.md section 6. The body is not documented, so only the status counts. */
export const duplicateAfter = (status: number) =>
  status === 409 ? ({ kind: 'duplicate', detail: 'iDenfy answered 409: the clientId is in use' } as const) : null;

/** Answers that leave open whether a session was made. */
export const unknownAfter = (status: number) =>
  status >= 500 ? ({ kind: 'unknown', detail: `iDenfy answered ${status}` } as const) : null;
