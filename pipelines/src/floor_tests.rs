use frontdesk_types::SeededIds;
use proptest::prelude::*;

use super::*;

/// Two people at two consoles each; the second of a console is another connection of its voice.
#[derive(Debug, Clone, Copy)]
enum Act {
    Take(usize, Option<usize>),
    GiveBack(usize),
    Console(usize, bool),
    Voice(usize, bool),
    Wait(u64),
    Close,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (0..4_usize, proptest::option::of(0..3_usize)).prop_map(|(c, v)| Act::Take(c, v)),
        2 => (0..4_usize).prop_map(Act::GiveBack),
        3 => (0..4_usize, any::<bool>()).prop_map(|(c, here)| Act::Console(c, here)),
        3 => (0..3_usize, any::<bool>()).prop_map(|(v, here)| Act::Voice(v, here)),
        4 => (0..12_000_u64).prop_map(Act::Wait),
        1 => Just(Act::Close),
    ];
    proptest::collection::vec(act, 0..60)
}

struct World {
    consoles: Vec<ConsoleId>,
    users: Vec<UserId>,
    floor: Floor,
    now: Mono,
}

fn voice(number: usize) -> String {
    format!("supervisor-{number}")
}

impl World {
    fn new() -> Self {
        let ids = SeededIds::new(7);
        Self {
            consoles: (0..4).map(|_| ConsoleId::new(&ids)).collect(),
            users: (0..2).map(|_| UserId::new(&ids)).collect(),
            floor: Floor::default(),
            now: Mono::ZERO,
        }
    }

    fn supervisor(&self, console: usize, by: Option<usize>) -> Supervisor {
        Supervisor {
            console: self.consoles[console],
            user: self.users[console / 2],
            name: format!("person {}", console / 2),
            identity: by.map(voice),
        }
    }
}

proptest! {
    /// Whatever happens in whatever order: one person has the floor at a time, nobody gives back
    /// what they do not have, who is there keeps it, and who is gone loses it in time.
    #[test]
    fn one_supervisor_has_the_floor_and_only_who_is_gone_loses_it(acts in acts()) {
        let mut world = World::new();
        // What is known of whoever has it: console there, voice there, gone since.
        let mut model: Option<(Supervisor, bool, bool, Option<Mono>)> = None;
        let mut over = false;
        for act in acts {
            let now = world.now;
            match act {
                Act::Take(console, by) => {
                    let by = world.supervisor(console, by);
                    let taken = world.floor.take(now, by.clone());
                    match &model {
                        _ if over => prop_assert_eq!(taken, Err(FloorError::Over)),
                        Some((holder, ..)) if holder.user != by.user => {
                            prop_assert_eq!(taken, Err(FloorError::Taken(holder.name.clone())));
                        }
                        before => {
                            prop_assert_eq!(taken, Ok(before.is_none()));
                            let gone = by.identity.is_some().then_some(now);
                            model = Some((by, true, false, gone));
                        }
                    }
                }
                Act::GiveBack(console) => {
                    let console = world.consoles[console];
                    let theirs = model.as_ref().is_some_and(|(by, ..)| by.console == console);
                    let given = world.floor.give_back(console);
                    prop_assert_eq!(given.is_ok(), theirs);
                    if theirs {
                        model = None;
                    }
                }
                Act::Console(console, here) => {
                    let console = world.consoles[console];
                    world.floor.on_console(now, console, here);
                    if let Some((by, is_here, ..)) = &mut model && by.console == console {
                        *is_here = here;
                    }
                }
                Act::Voice(number, here) => {
                    world.floor.on_voice(now, &voice(number), here);
                    if let Some((by, _, is_here, _)) = &mut model
                        && by.identity == Some(voice(number))
                    {
                        *is_here = here;
                    }
                }
                Act::Wait(ms) => {
                    world.now = now + Duration::from_millis(ms);
                    let lost = world.floor.on_time(world.now);
                    let gone = model.as_ref().and_then(|(.., gone)| *gone);
                    let due = gone.is_some_and(|gone| world.now.since(gone) >= PATIENCE);
                    prop_assert_eq!(lost, due);
                    if lost {
                        model = None;
                    }
                }
                Act::Close => {
                    prop_assert_eq!(world.floor.close(), model.take().is_some());
                    over = true;
                }
            }
            if let Some((by, console, voice, gone)) = &mut model {
                let here = *console && (*voice || by.identity.is_none());
                *gone = if here { None } else { gone.or(Some(world.now)) };
            }
            prop_assert_eq!(world.floor.holder(), model.as_ref().map(|(by, ..)| by));
        }
    }
}

#[test]
fn the_second_supervisor_is_told_who_has_the_call() {
    let mut world = World::new();
    let (first, second) = (world.supervisor(0, None), world.supervisor(2, None));
    assert_eq!(world.floor.take(Mono::ZERO, first), Ok(true));
    let refused = world.floor.take(Mono::ZERO, second).expect_err("refused");
    assert_eq!(refused.to_string(), "person 0 has taken this call over already");
}
