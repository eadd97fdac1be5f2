using Coppice.Continual.Recipes;
using Coppice.Continual.Replay;
using Coppice.Continual.Vocabulary;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tokenizers;
using Coppice.Training.Data;
using Coppice.Training.Recipes;

namespace Coppice.Continual.Updates;

/// <summary>The text of an update: the new one, prepared in the update's directory with the update's tokenizer, and the old one, where its token stores are.</summary>
internal sealed class UpdateData : IDisposable
{
    private const string ReencodedFolder = "reencoded";

    private IReadOnlyList<IDisposable> _owned = [];

    private UpdateData(Tokenizer tokenizer, PreparedData added, IReadOnlyList<OldText> old) => (Tokenizer, Added, Old) = (tokenizer, added, old);

    /// <summary>The tokenizer of the update: the parent's, or one grown from it.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The new text.</summary>
    public PreparedData Added { get; }

    /// <summary>The old text.</summary>
    public IReadOnlyList<OldText> Old { get; }

    /// <summary>What parent and update are compared on, in the parent's tokens; old sources first.</summary>
    public IReadOnlyList<HeldOutSource> HeldOutOfParent { get; private init; } = [];

    /// <summary>The same documents in the update's tokens.</summary>
    public IReadOnlyList<HeldOutSource> HeldOut { get; private init; } = [];

    /// <summary>Opens and prepares what an update needs.</summary>
    public static UpdateData Prepare(UpdateRequest request, ParentModel parent, LanguageModel teacher, string tokenizerPath, CancellationToken cancellation)
    {
        var recipe = request.Recipe;
        var owned = new List<IDisposable>();
        try
        {
            var added = Own(owned, PreparedData.Prepare(AsTrainingRecipe(recipe, tokenizerPath), request.Directory, request.Notice, cancellation));
            var tokenizer = added.Tokenizer;
            var grown = tokenizer.Fingerprint != parent.Tokenizer.Fingerprint;
            var old = new List<OldText>();
            foreach (var source in ReplaySources.Open(request, parent, teacher, added.Sources.Sum(source => source.Train.TokenCount), cancellation))
            {
                owned.Add(source);
                old.Add(grown ? Own(owned, Reencode(request, source, parent.Tokenizer, tokenizer, old.Count, cancellation)) : new OldText(source, source.Store, source.StorePath, source.HeldOutPath));
            }

            RequireNewNames(added, old);
            List<HeldOutSource> heldOutOfParent =
            [
                .. old.Where(text => text.Source.HeldOut is not null).Select(text => HeldOutSource.Read(text.Source.Name, isNew: false, text.Source.HeldOut!, parent.Tokenizer)),
                .. added.Sources.Where(source => source.Validation is not null).Select(source =>
                {
                    var heldOut = HeldOutSource.Read(source.Name, isNew: true, source.Validation!, tokenizer);
                    return grown ? heldOut.Reencode(tokenizer, parent.Tokenizer) : heldOut;
                }),
            ];
            return new UpdateData(tokenizer, added, old)
            {
                HeldOutOfParent = heldOutOfParent,
                HeldOut = grown ? [.. heldOutOfParent.Select(source => source.Reencode(parent.Tokenizer, tokenizer))] : heldOutOfParent,
                _owned = owned,
            };
        }
        catch
        {
            foreach (var disposable in owned) disposable.Dispose();
            throw;
        }
    }

    /// <summary>The recipe by which the new text is read and divided.</summary>
    public static Recipe AsTrainingRecipe(UpdateRecipe recipe, string tokenizerPath) => new()
    {
        Seed = recipe.Seed, Data = recipe.Data, Training = recipe.Training, Tokenizer = new TokenizerSection { Path = tokenizerPath },
    };

    /// <summary>The stream of an update: each batch has its share of replayed sequences.</summary>
    /// <param name="added">The new sources.</param>
    /// <param name="recipe">Seed and shape.</param>
    /// <param name="share">The share of old sequences.</param>
    public SequenceSampler Sampler(IReadOnlyList<SamplerSource> added, UpdateRecipe recipe, double share)
    {
        var replayed = share > 0 ? Old.Where(text => text.Store is not null).ToList() : [];
        if (share > 0 && replayed.Count == 0) throw new InvalidOperationException("A share of nothing is replayed.");
        // A source counts by the root of its size: by size a small one would hardly be seen, counted alike it would be seen too often.
        var (all, size) = (added.Sum(source => source.Weight), replayed.Sum(text => Math.Sqrt(text.Store!.TokenCount)));
        return new SequenceSampler(
            [
                .. added.Select(source => source with { Weight = (1 - share) * source.Weight / all }),
                .. replayed.Select(text => new SamplerSource(text.Source.Name, text.Store!, share * Math.Sqrt(text.Store!.TokenCount) / size)),
            ],
            recipe.Training.SequenceLength, (ulong)recipe.Seed);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var disposable in _owned) disposable.Dispose();
    }

    private static T Own<T>(List<IDisposable> owned, T disposable)
        where T : IDisposable
    {
        owned.Add(disposable);
        return disposable;
    }

    /// <summary>A text of earlier in the tokens of a grown vocabulary, what was kept apart of it too: the updated model's stores are all of one tokenizer.</summary>
    private static OldText Reencode(UpdateRequest request, OldSource source, Tokenizer from, Tokenizer to, int number, CancellationToken cancellation)
    {
        var folder = Path.Combine(request.Directory, ReencodedFolder);
        Directory.CreateDirectory(folder);
        var (path, heldOutPath) = (Path.Combine(folder, FormattableString.Invariant($"{number}-train.tokens")), Path.Combine(folder, FormattableString.Invariant($"{number}-validation.tokens")));
        if (source.HeldOut is not null) Encoded(source.HeldOut, heldOutPath).Dispose();
        return new OldText(source, source.Store is null ? null : Encoded(source.Store, path), source.Store is null ? null : path, source.HeldOut is null ? null : heldOutPath);

        TokenStore Encoded(TokenStore store, string file)
        {
            if (File.Exists(file))
            {
                var there = TokenStore.Open(file);
                if (there.TokenizerFingerprint == to.Fingerprint && there.DocumentCount == store.DocumentCount) return there;
                there.Dispose();
            }

            request.Notice($"encoding {source.Name} with the grown vocabulary");
            var threads = request.Recipe.Training.UsedThreads;
            return TokenStores.Reencode(store, from, to, file, threads, cancellation);
        }
    }

    private static void RequireNewNames(PreparedData added, List<OldText> old)
    {
        foreach (var source in added.Sources.Where(source => old.Any(text => text.Source.Name == source.Name)))
        {
            throw CoppiceException.Usage($"'{source.Name}' is the name of a text that the parent was trained on already; give the new one another: rename the file, or set data.sources with a name in a recipe");
        }

        if (old.Where(text => !text.Source.Origin.Generated).GroupBy(text => text.Source.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } both)
            throw CoppiceException.Usage($"two old texts are called '{both.Key}'; rename a file, or give them as one folder");
        if (added.Sources.GroupBy(source => source.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw CoppiceException.Usage($"two new texts are called '{twice.Key}'; give them different names in a recipe");
        if (added.Sources.FirstOrDefault(source => source.Validation is null) is { } whole)
            throw CoppiceException.Usage($"'{whole.Name}' is too small to keep a part of it apart to measure on: add more text, or raise data.validation.share");
    }
}

/// <summary>A text of earlier, with its tokens in the update's tokenizer.</summary>
/// <param name="Source">The text as the parent knows it.</param>
/// <param name="Store">Its tokens; null where they are not wanted.</param>
/// <param name="Path">Where they are.</param>
/// <param name="HeldOutPath">Where the tokens are that were kept apart; null where none were.</param>
internal sealed record OldText(OldSource Source, TokenStore? Store, string? Path, string? HeldOutPath) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        if (!ReferenceEquals(Store, Source.Store)) Store?.Dispose();
    }
}
