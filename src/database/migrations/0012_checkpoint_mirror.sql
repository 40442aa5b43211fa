-- How far the checkpoints are mirrored (CHECKPOINT_MIRROR).

create table checkpoint_mirror (
  one boolean primary key default true check (one),
  -- of the newest checkpoint that is kept outside
  size bigint not null
);
insert into checkpoint_mirror (size) values (0);
