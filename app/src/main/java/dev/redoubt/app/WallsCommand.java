package dev.redoubt.app;

import picocli.CommandLine.Command;

/** Signed reports. */
@Command(
        name = "walls",
        description = "Check signed walls reports.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {WallsVerifyCommand.class, WallsKeyCommand.class})
final class WallsCommand {}
