using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;

namespace Coppice.Continual.Replay;

/// <summary>A text that the parent, or an ancestor of it, was trained on.</summary>
/// <param name="Origin">What the parent remembers of it, with paths relative to the parent's directory.</param>
/// <param name="Store">Its tokens to replay; null where they are not wanted.</param>
/// <param name="StorePath">Where they are.</param>
/// <param name="HeldOut">The tokens that were kept apart from all training; null where none were.</param>
/// <param name="HeldOutPath">Where they are.</param>
public sealed record OldSource(ProvenanceSource Origin, TokenStore? Store, string? StorePath, TokenStore? HeldOut, string? HeldOutPath) : IDisposable
{
    /// <summary>The source's name.</summary>
    public string Name => Origin.Name;

    /// <summary>Opens what is there of a source.</summary>
    /// <param name="model">The directory of the parent.</param>
    /// <param name="origin">What it remembers.</param>
    /// <param name="replay">Whether its training tokens are wanted.</param>
    /// <exception cref="CoppiceException">A store that is wanted is missing or damaged: the message says what to do.</exception>
    public static OldSource Open(string model, ProvenanceSource origin, bool replay)
    {
        var heldOutPath = origin.HeldOut is null ? null : Provenance.ResolvePath(model, origin.HeldOut);
        var heldOut = heldOutPath is null ? null : OpenStore(heldOutPath, $"what was kept apart of '{origin.Name}', by which forgetting is judged", "or --replay-data FILE with old text");
        try
        {
            if (!replay) return new OldSource(origin, null, null, heldOut, heldOutPath);
            var path = origin.Store is null ? null : Provenance.ResolvePath(model, origin.Store);
            if (path is null) return new OldSource(origin, null, null, heldOut, heldOutPath);
            return new OldSource(origin, OpenStore(path, $"the tokens of '{origin.Name}', to replay", "--replay generated, --replay-data FILE, or --share 0"), path, heldOut, heldOutPath);
        }
        catch
        {
            heldOut?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Store?.Dispose();
        HeldOut?.Dispose();
    }

    private static TokenStore OpenStore(string path, string what, string instead)
    {
        try
        {
            return TokenStore.Open(path);
        }
        catch (CoppiceException error)
        {
            throw new CoppiceException(
                $"{what}: {error.Message} Bring the file back to where it was, or update with --replay buffer (needs a parent made with --replay-budget), {instead}", inner: error);
        }
    }
}
