package dev.redoubt.node.cgroup;

/**
 * Something this host's control groups cannot do for us.
 *
 * @param reason for people: what is missing and who can mend it
 */
public record Gap(Controller controller, String reason) {}
