package dev.redoubt.app;

import picocli.CommandLine.Command;

/** What the walls let through. */
@Command(
        name = "profile",
        description = "List, show, check and learn profiles.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            ProfileListCommand.class,
            ProfileShowCommand.class,
            ProfileCheckCommand.class,
            ProfileLearnCommand.class
        })
final class ProfileCommand {}
