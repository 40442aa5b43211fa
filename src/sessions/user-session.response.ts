/** The user's view of a session as classes, for the OpenAPI document. */
import { ApiProperty, OmitType, PickType } from '@nestjs/swagger';
import { AttemptResponse, OutcomeResponse, SessionResponse } from './session.responses.js';
import {
  attemptForUser,
  outcomeForUser,
  reasonsForUser,
  sessionForUser,
  shownBy,
  type UserAttempt,
  type UserSession,
} from './user-view.js';

const reason = {
  type: 'string',
  nullable: true,
  enum: [...reasonsForUser, null],
  description: 'Null for every other reason, too: the user does not learn which rule decided.',
} as const;

class UserOutcomeResponse extends PickType(OutcomeResponse, shownBy(outcomeForUser)) {}

class UserAttemptResponse
  extends OmitType(PickType(AttemptResponse, shownBy(attemptForUser)), ['outcome', 'reason'])
  implements UserAttempt
{
  @ApiProperty(reason)
  reason!: string | null;

  @ApiProperty({ type: UserOutcomeResponse, nullable: true })
  outcome!: UserOutcomeResponse | null;
}

export class UserSessionResponse
  extends OmitType(PickType(SessionResponse, shownBy(sessionForUser)), ['attempt', 'attempts', 'reason'])
  implements UserSession
{
  @ApiProperty(reason)
  reason!: string | null;

  @ApiProperty({ type: UserAttemptResponse, nullable: true, description: 'The live attempt, or the last one.' })
  attempt!: UserAttemptResponse | null;

  @ApiProperty({ type: [UserAttemptResponse], description: 'Every attempt, oldest first.' })
  attempts!: UserAttemptResponse[];
}
