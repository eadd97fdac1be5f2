using Coppice.Continual.Updates;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Training.Data;
using Coppice.Training.Recipes;

namespace Coppice.Continual.Replay;

/// <summary>Where the old text of an update comes from.</summary>
internal static class ReplaySources
{
    /// <summary>The folder of a model directory that holds kept documents.</summary>
    public const string BufferFolder = "replay";

    // Replay that the parent writes itself; more than this takes longer to write than it is worth.
    private const long MostGeneratedTokens = 1_000_000;

    /// <summary>Opens the texts that the parent was trained on: what was kept apart of each, and what is to be replayed.</summary>
    /// <param name="request">The update.</param>
    /// <param name="parent">Its parent.</param>
    /// <param name="model">The parent's model, should it have to write.</param>
    /// <param name="addedTokens">Tokens of new text.</param>
    /// <param name="cancellation">Stops long work.</param>
    /// <returns>The sources; whoever takes one disposes it.</returns>
    /// <exception cref="CoppiceException">Something is missing: the message says what to do.</exception>
    public static IEnumerable<OldSource> Open(UpdateRequest request, ParentModel parent, LanguageModel model, long addedTokens, CancellationToken cancellation)
    {
        var replay = request.Recipe.Replay;
        if (replay.Paths.Count > 0) return GivenText(request, parent, cancellation);
        // What is not replayed may still have to be encoded anew or kept.
        var wanted = request.Recipe.Vocabulary.Grow > 0 || replay.BudgetBytes > 0;
        if (replay.Share == 0) return parent.Sources.Select(origin => OldSource.Open(parent.Directory, origin, replay: wanted && !IsGone(parent, origin)));
        var buffer = Path.Combine(parent.Directory, BufferFolder);
        return replay.From switch
        {
            "buffer" => FromBuffer(request, parent, buffer, cancellation),
            "generated" => Generated(request, parent, model, addedTokens, cancellation),
            "auto" when Directory.Exists(buffer) && parent.Sources.Any(origin => IsGone(parent, origin)) => FromBuffer(request, parent, buffer, cancellation),
            _ => parent.Sources.Select(origin => OldSource.Open(parent.Directory, origin, replay: true)),
        };
    }

    private static bool IsGone(ParentModel parent, ProvenanceSource origin) => new[] { origin.Store, origin.HeldOut }.OfType<string>().Any(path => IsGone(parent, path));

    private static bool IsGone(ParentModel parent, string path) => !File.Exists(Provenance.ResolvePath(parent.Directory, path));

    private static IEnumerable<OldSource> GivenText(UpdateRequest request, ParentModel parent, CancellationToken cancellation)
    {
        var recipe = UpdateData.AsTrainingRecipe(request.Recipe, Path.Combine(parent.Directory, Tokenizers.Tokenizer.FileName));
        recipe = recipe with { Data = recipe.Data with { Sources = [.. request.Recipe.Replay.Paths.Select(path => new SourceSection { Paths = [path] })] } };
        var prepared = PreparedData.Prepare(recipe, Path.Combine(request.Directory, "old"), request.Notice, cancellation);
        // What the parent remembers is still judged by and passed on, as far as it is there, but for what is given anew.
        foreach (var origin in parent.Sources.Where(origin => prepared.Sources.All(source => source.Name != origin.Name)))
        {
            var gone = origin.HeldOut is not null && IsGone(parent, origin.HeldOut);
            if (gone) request.Notice($"warning: what was kept apart of '{origin.Name}' is not there any more: forgetting of it can't be judged");
            yield return gone ? new OldSource(origin, null, null, null, null) : OldSource.Open(parent.Directory, origin, replay: false);
        }

        // Its stores are the update's from now on: they stay open with the sources.
        foreach (var source in prepared.Sources)
        {
            yield return new OldSource(source.ToProvenance(request.Directory, null) with { Store = null, HeldOut = null }, source.Train, source.TrainPath, source.Validation, source.ValidationPath);
        }
    }

    private static IEnumerable<OldSource> FromBuffer(UpdateRequest request, ParentModel parent, string folder, CancellationToken cancellation)
    {
        if (!Directory.Exists(folder)) throw new CoppiceException($"{parent.Directory}: keeps no documents; they are kept by an update with --replay-budget. Replay from stores or generated text, or give old text with --replay-data FILE");
        request.Notice($"replaying from the documents kept in {folder}");
        var buffer = ReplayBuffer.Load(folder);
        var destination = Path.Combine(request.Directory, "replayed");
        Directory.CreateDirectory(destination);
        var threads = request.Recipe.Training.UsedThreads;
        var stores = buffer.ToStores(parent.Tokenizer, destination, threads, cancellation).ToDictionary(store => store.Source, StringComparer.Ordinal);
        foreach (var origin in parent.Sources)
        {
            var heldOut = buffer.HeldOut.TryGetValue(origin.Name, out var path) ? path : null;
            stores.Remove(origin.Name, out var store);
            yield return new OldSource(origin, store?.Store, store?.Path, heldOut is null ? null : TokenStore.Open(heldOut), heldOut);
        }

        foreach (var left in stores.Values) left.Store.Dispose();
    }

    private static IEnumerable<OldSource> Generated(UpdateRequest request, ParentModel parent, LanguageModel model, long addedTokens, CancellationToken cancellation)
    {
        foreach (var origin in parent.Sources) yield return OldSource.Open(parent.Directory, origin, replay: false);
        var replay = request.Recipe.Replay;
        var folder = Path.Combine(request.Directory, "generated");
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, "generated.tokens");
        var share = replay.Share > 0 ? replay.Share : Shift.UsualReplayShare;
        var tokens = replay.GeneratedTokens > 0 ? replay.GeneratedTokens : Math.Min(MostGeneratedTokens, (long)(addedTokens * share / (1 - share)));
        if (!File.Exists(path)) request.Notice(FormattableString.Invariant($"the parent writes {tokens:N0} tokens to replay"));
        var store = File.Exists(path)
            ? TokenStore.Open(path)
            : GeneratedReplay.Write(model, parent.Tokenizer, new GeneratedReplayOptions { Tokens = tokens, Seed = (ulong)request.Recipe.Seed }, path, request.Notice, cancellation);
        var source = new ProvenanceSource(GeneratedReplay.SourceName, [], store.Fingerprint, store.DocumentCount, store.ByteCount, store.TokenCount) { Generated = true };
        yield return new OldSource(source, store, path, null, null);
    }
}
