package dev.redoubt.app;

import picocli.CommandLine.Command;

/** What the walls let through. */
@Command(
        name = "profile",
        description = "List, show and check profiles.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {ProfileListCommand.class, ProfileShowCommand.class, ProfileCheckCommand.class})
final class ProfileCommand {}
