package dev.redoubt.app;

import picocli.CommandLine.Command;

/** Sandboxes of the node daemon. */
@Command(
        name = "sandbox",
        description = "Look at the sandboxes of the node daemon, or end one.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            SandboxListCommand.class,
            SandboxSyscallsCommand.class,
            SandboxWallsCommand.class,
            SandboxEndCommand.class
        })
final class SandboxCommand {}
