using Coppice.Foundation;
using Coppice.Tokenizers;
using Coppice.Training.Data;
using Coppice.Training.Recipes;

namespace Coppice.Training.Planning;

/// <summary>The size of a run's vocabulary before its tokenizer is made.</summary>
/// <param name="Size">Rows of the token embedding.</param>
/// <param name="IsAssumed">Whether the text decides the size, and nobody has read it.</param>
public sealed record PlannedVocabulary(int Size, bool IsAssumed)
{
    private const int AssumedCharacters = 256;

    /// <summary>Finds the size: that of the tokenizer that the recipe names, the one to train to, or the number of characters of the text.</summary>
    /// <param name="recipe">The recipe, with its sources.</param>
    /// <param name="readText">Whether the text may be read to count its characters.</param>
    /// <param name="cancellation">Stops reading.</param>
    /// <exception cref="CoppiceException">The tokenizer or the text can't be read.</exception>
    public static PlannedVocabulary For(Recipe recipe, bool readText, CancellationToken cancellation)
    {
        if (recipe.Tokenizer.Path.Length > 0) return new PlannedVocabulary(Tokenizer.Load(recipe.Tokenizer.Path).VocabularySize, false);
        if (recipe.Tokenizer.Type != "character") return new PlannedVocabulary(recipe.Tokenizer.VocabularySize, false);
        if (!readText || recipe.Data.Sources.Count == 0) return new PlannedVocabulary(AssumedCharacters, true);
        List<SourceText> texts = [.. recipe.Data.Sources.Select(source => new SourceText(recipe, source))];
        IEnumerable<string> Read(Func<SourceText, IEnumerable<Corpus.Document>> part) => texts.SelectMany(part).Select(document => document.Text);
        var tokenizer = TokenizerFactory.Create(
            recipe.Tokenizer, Read(text => text.Train(cancellation)), Read(text => text.Validation(cancellation)), threads: 1,
            specialTokens: EncoderTokens.Of(recipe.Model.Architecture), cancellation: cancellation);
        return new PlannedVocabulary(tokenizer.VocabularySize, false);
    }
}
