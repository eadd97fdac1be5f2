using Coppice.Corpus;
using Coppice.Corpus.Mixing;
using Coppice.Corpus.Selection;
using Coppice.Training.Data;
using Coppice.Training.Recipes;

namespace Coppice.Training.Planning;

/// <summary>What a run will take of its sources, known before it is prepared.</summary>
/// <param name="Mixture">Tokens, shares and epochs by source and stage.</param>
/// <param name="IsEstimated">Whether the sources' tokens are an estimate from samples of their text.</param>
public sealed record CorpusPlan(MixturePlan Mixture, bool IsEstimated)
{
    /// <summary>Epochs up to which repeated text is worth nearly as much as new text (arXiv:2305.16264).</summary>
    public const double HarmlessEpochs = 4;

    // Of each source: a vocabulary trained on a few million characters cuts text nearly as the one that is trained on all of it.
    private const long SampleCharacters = 2_000_000;

    /// <summary>Reads the sources' text once, measures tokens on samples of it and plans.</summary>
    /// <param name="recipe">The recipe, with its sources.</param>
    /// <param name="progress">Sees each source's name.</param>
    /// <param name="cancellation">Stops.</param>
    /// <exception cref="Foundation.CoppiceException">The text can't be read, or the recipe's limits leave less of it than the run takes.</exception>
    public static CorpusPlan For(Recipe recipe, Action<string> progress, CancellationToken cancellation)
    {
        if (recipe.Data.Sources.Count == 0) throw Foundation.CoppiceException.Usage("the recipe names no text: name files or folders after it, or under data.sources in it");
        var samples = recipe.Data.Sources.Select(source =>
        {
            progress(source.GetName());
            return DocumentSample.Read(new SourceText(recipe, source).Train(cancellation), SampleCharacters);
        }).ToList();
        progress("the tokenizer");
        var tokenizer = TokenizerFactory.Create(recipe.Tokenizer, samples.SelectMany(sample => sample.Documents).Select(document => document.Text), [], recipe.Training.UsedThreads,
            specialTokens: EncoderTokens.Of(recipe.Model.Architecture), cancellation: cancellation);
        var tokens = samples.Select(sample =>
        {
            using var store = TokenStore.InMemory(WeightedDocuments.Repeat(sample.Documents, (ulong)recipe.Seed), tokenizer);
            return (long)Math.Round(store.TokenCount * (double)sample.CharactersRead / sample.Characters);
        });
        return new CorpusPlan(RecipeMixture.Plan(recipe, [.. tokens]), samples.Any(sample => sample.CharactersRead > sample.Characters));
    }
}
