using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers.Training;

namespace Coppice.Continual.Vocabulary;

/// <summary>Gives a model rows for new tokens in the embedding and, where it isn't tied, in the head.</summary>
public static class VocabularySurgery
{
    private const int ChunkValues = 1 << 16;

    /// <summary>Makes a model for an extended tokenizer. All that the old model had keeps its bits.</summary>
    /// <param name="model">The model, which stays as it is. Rows that it has beyond its tokenizer's ids (padding) become those of new tokens first.</param>
    /// <param name="extended">The tokenizer made of the model's.</param>
    /// <param name="initializer">What new rows start as: one of <see cref="RowInitializers.Names"/>.</param>
    /// <param name="seed">Decides what is random in them.</param>
    /// <param name="trainable">Whether gradients are wanted.</param>
    /// <returns>The grown model on the same backend.</returns>
    /// <exception cref="CoppiceException">There is no such initializer, or the old tokenizer is not the model's.</exception>
    public static LanguageModel Grow(
        LanguageModel model, ExtendedTokenizer extended, string initializer = RowInitializers.Default, ulong seed = 0, bool trainable = false)
    {
        var initialize = RowInitializers.Get(initializer);
        var configuration = model.Configuration;
        if (extended.FirstNewId > configuration.VocabularySize)
        {
            throw new CoppiceException(FormattableString.Invariant(
                $"the tokenizer has ids up to {extended.FirstNewId - 1}, but the model has {configuration.VocabularySize} embeddings: it is not the model's tokenizer"));
        }

        var grown = configuration.WithVocabulary(Math.Max(configuration.VocabularySize, extended.Tokenizer.VocabularySize)).Create(model.Backend, trainable);
        foreach (var parameter in grown.Parameters.Parameters) Copy(model.Parameters[parameter.Name], parameter);
        Parameter[] matrices = grown.Head == grown.Embedding ? [grown.Embedding] : [grown.Embedding, grown.Head];
        var row = new float[configuration.HiddenSize];
        for (var matrix = 0; matrix < matrices.Length; matrix++)
        {
            var old = new OldRows(model.Parameters[matrices[matrix].Name], extended.FirstNewId, configuration.InitializerRange, seed, matrix);
            for (var i = 0; i < extended.Pieces.Count; i++)
            {
                var id = extended.FirstNewId + i;
                initialize(old, id, extended.Pieces[i], row);
                matrices[matrix].Tensor.CopyFrom((long)id * row.Length, row);
            }
        }

        return grown;
    }

    // Rows are appended, so the old values are the first ones of each parameter.
    private static void Copy(Parameter source, Parameter destination)
    {
        var buffer = new float[Math.Min(source.Count, ChunkValues)];
        for (var start = 0L; start < source.Count; start += buffer.Length)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, source.Count - start));
            source.Tensor.CopyTo(start, part);
            destination.Tensor.CopyFrom(start, part);
        }
    }
}
