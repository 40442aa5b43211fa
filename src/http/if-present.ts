import { ValidateIf } from 'class-validator';

/** The field may be left out. Unlike IsOptional it does not let `null` pass as if it were left out. */
export const IfPresent = (): PropertyDecorator => ValidateIf((_, value) => value !== undefined);
