package dev.redoubt.app;

import picocli.CommandLine.Command;

/** Sandboxes of the node daemon. */
@Command(
        name = "sandbox",
        description = "Look at the sandboxes of the node daemon.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {SandboxListCommand.class, SandboxSyscallsCommand.class, SandboxWallsCommand.class})
final class SandboxCommand {}
