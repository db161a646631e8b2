package dev.redoubt.app;

import dev.redoubt.protocol.Driver;
import dev.redoubt.protocol.Labels;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.Resources;
import java.util.List;
import java.util.Optional;

/**
 * What {@code redoubt run} was asked, checked as far as that needs no host.
 *
 * <p>Strings that become bytes inside (command, environment, paths) hold bytes that are not UTF-8 in the way of
 * {@link RawArguments}; take them out with {@link RawArguments#bytes}.
 *
 * @param acceptSharedKernel whether a profile that needs a kernel of its own may do without
 * @param resources limits that were asked for; the others are the profile's
 * @param network empty means the profile's
 * @param environment in the order given, later ones win
 * @param workdir absolute path inside
 * @param explain whether to say at the end which system calls were refused
 * @param walls whether to say, before the command begins, what is in force
 * @param driver empty means what the profile's runtime class needs
 * @param user name, uid or uid:gid; empty means what the image says, or {@code user}
 */
record RunOptions(
        String image,
        String profile,
        boolean acceptSharedKernel,
        Resources resources,
        Optional<NetworkMode> network,
        List<Variable> environment,
        Optional<String> workdir,
        Optional<String> user,
        List<Mount> mounts,
        boolean readOnly,
        boolean explain,
        boolean walls,
        Optional<Driver> driver,
        Labels labels,
        List<String> command) {

    /** One variable; the name has no {@code =} and is not empty. */
    record Variable(String name, String value) {
        byte[] bytes() {
            return RawArguments.bytes(name + "=" + value);
        }
    }

    /** A directory of the host to be seen inside, nosuid and nodev. */
    record Mount(String source, String target, boolean readOnly) {}

    RunOptions {
        environment = List.copyOf(environment);
        mounts = List.copyOf(mounts);
        command = List.copyOf(command);
        if (command.isEmpty()) {
            throw new IllegalArgumentException("no command");
        }
    }

    /** The command and its arguments, each any bytes but NUL. */
    List<byte[]> commandBytes() {
        return command.stream().map(RawArguments::bytes).toList();
    }

    /** {@code NAME=VALUE} each. */
    List<byte[]> environmentBytes() {
        return environment.stream().map(Variable::bytes).toList();
    }
}
