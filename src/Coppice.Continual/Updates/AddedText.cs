using Coppice.Continual.Recipes;
using Coppice.Continual.Replay;
using Coppice.Corpus;
using Coppice.Evaluation;
using Coppice.Models;
using Coppice.Training.Data;

namespace Coppice.Continual.Updates;

/// <summary>The new text that an update is trained on: all of it, or the part of each source that scores best.</summary>
internal sealed class AddedText : IDisposable
{
    private readonly List<TokenStore> _owned = [];

    private AddedText()
    {
    }

    /// <summary>The sources for a sampler.</summary>
    public IReadOnlyList<SamplerSource> Sources { get; private set; } = [];

    /// <summary>Tokens of all of them.</summary>
    public long Tokens => Sources.Sum(source => source.Store.TokenCount);

    /// <summary>Chooses the text.</summary>
    public static AddedText Choose(UpdateRequest request, UpdateData data, LanguageModel teacher, CancellationToken cancellation)
    {
        var text = new AddedText();
        try
        {
            text.Sources = [.. data.Added.Sources.Select((source, number) => new SamplerSource(source.Name, text.Part(request, data, teacher, source, number, cancellation), source.Weight))];
            return text;
        }
        catch
        {
            text.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var store in _owned) store.Dispose();
    }

    private TokenStore Part(UpdateRequest request, UpdateData data, LanguageModel teacher, PreparedSource source, int number, CancellationToken cancellation)
    {
        var settings = request.Recipe.Subset;
        if (settings.Share >= 1) return source.Train;
        var folder = Path.Combine(request.Directory, "subset");
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, FormattableString.Invariant($"{number}-train.tokens"));
        var part = File.Exists(path) ? TokenStore.Open(path) : Write(request, settings, data, teacher, source.Train, path, cancellation);
        _owned.Add(part);
        request.Notice(FormattableString.Invariant($"{source.Name}: the best {100 * settings.Share:0.#} % of it, {part.DocumentCount:N0} of {source.Train.DocumentCount:N0} documents"));
        return part;
    }

    private static TokenStore Write(UpdateRequest request, SubsetSection settings, UpdateData data, LanguageModel teacher, TokenStore store, string path, CancellationToken cancellation)
    {
        request.Notice("scoring the new text");
        var scores = settings.Score == "ngram" ? new CrossFittedNgramScorer().Score(store, cancellation) : new ModelLossScorer(teacher, data.Tokenizer).Score(store, cancellation);
        return QualitySubset.Write(store, QualitySubset.Select(scores, QualitySubset.TokensPerDocument(store), settings.Share), path);
    }
}
