//! Agents as their developers try them: in the simulator, without servers.

mod an_agent_is_tried_without_servers;
mod examples_do_what_they_say;
