package dev.redoubt.node.image;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Locale;
import java.util.Set;

/**
 * A name and password for a registry. Not a record, so that nothing prints the password.
 *
 * <p>They are sent to the registry's own host, to hosts below it, and to those that the caller names here (some
 * registries have their token service elsewhere); never to where a redirect leads.
 */
public final class Credentials {
    private final String user;
    private final String password;
    private final Set<String> tokenHosts;

    /** {@code tokenHosts} are hosts besides the registry's that may see the password. */
    public Credentials(String user, String password, Set<String> tokenHosts) {
        if (user.contains(":")) {
            throw new IllegalArgumentException("a user name has no colon, RFC 7617");
        }
        this.user = user;
        this.password = password;
        this.tokenHosts = Set.copyOf(tokenHosts);
    }

    /** Whether {@code host} may see them when they are meant for {@code registry}; both without port. */
    boolean mayGoTo(String host, String registry) {
        String to = host.toLowerCase(Locale.ROOT);
        String own = registry.toLowerCase(Locale.ROOT);
        return to.equals(own) || to.endsWith("." + own) || tokenHosts.contains(to);
    }

    /** RFC 7617. */
    String basic() {
        byte[] pair = (user + ":" + password).getBytes(StandardCharsets.UTF_8);
        return "Basic " + Base64.getEncoder().encodeToString(pair);
    }

    @Override
    public String toString() {
        return "Credentials of " + user;
    }
}
