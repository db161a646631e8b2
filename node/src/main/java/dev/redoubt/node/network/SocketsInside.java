package dev.redoubt.node.network;

import dev.redoubt.linux.Descriptors;
import dev.redoubt.linux.InetSocket;
import dev.redoubt.linux.LinuxException;
import dev.redoubt.linux.NetworkNamespace;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Opens sockets inside sandboxes' network namespaces.
 *
 * <p>One platform thread does it and nothing else: setns(2) moves a thread, and whatever that thread starts while it is
 * away stays there. It makes one call inside, {@code socket}, and is back before {@code connect}, which works from outside.
 */
public final class SocketsInside implements AutoCloseable {
    private final ExecutorService thread = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("redoubt-namespaces").daemon().factory());

    /**
     * A non-blocking TCP socket that belongs to the namespace.
     *
     * @param namespace an open descriptor of the network namespace
     * @return the descriptor, the caller's to close
     * @throws LinuxException what setns or socket answered
     */
    public int open(int namespace) {
        try {
            return thread.submit(() -> openThere(namespace)).get();
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof LinuxException why) {
                throw why;
            }
            throw new CompletionException(failed);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw new CompletionException(stop);
        }
    }

    @Override
    public void close() {
        thread.close();
    }

    private static int openThere(int namespace) {
        int home = NetworkNamespace.openOwn();
        try {
            NetworkNamespace.enter(namespace);
            try {
                return InetSocket.open();
            } finally {
                NetworkNamespace.enter(home);
            }
        } finally {
            Descriptors.close(home);
        }
    }
}
