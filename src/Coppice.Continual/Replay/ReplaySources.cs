using Coppice.Continual.Updates;
using Coppice.Foundation;

namespace Coppice.Continual.Replay;

/// <summary>Where the old text of an update comes from.</summary>
internal static class ReplaySources
{
    /// <summary>Opens the texts that the parent was trained on: what was kept apart of each, and what is to be replayed.</summary>
    /// <param name="request">The update.</param>
    /// <param name="parent">Its parent.</param>
    /// <param name="cancellation">Stops long work.</param>
    /// <returns>The sources; whoever takes one disposes it.</returns>
    /// <exception cref="CoppiceException">Something is missing: the message says what to do.</exception>
    public static IEnumerable<OldSource> Open(UpdateRequest request, ParentModel parent, CancellationToken cancellation)
    {
        var replay = request.Recipe.Replay;
        cancellation.ThrowIfCancellationRequested();
        foreach (var origin in parent.Sources)
        {
            yield return OldSource.Open(parent.Directory, origin, replay: replay.Share != 0 && replay.From is "auto" or "stores");
        }
    }
}
