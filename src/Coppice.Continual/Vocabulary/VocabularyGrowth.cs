using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Continual.Vocabulary;

/// <summary>What growth of a vocabulary changed before any training.</summary>
/// <param name="TokensAdded">New tokens.</param>
/// <param name="Before">How the old tokenizer fits the new text.</param>
/// <param name="After">How the grown tokenizer fits the new text.</param>
/// <param name="Share">How much of the grown model's distribution the new tokens have at the beginning of the new text.</param>
public sealed record VocabularyGrowthReport(int TokensAdded, TokenizerFit Before, TokenizerFit After, NewTokenShare Share);

/// <summary>A model and its tokenizer, grown by tokens that new text has often. Owns the model.</summary>
public sealed class VocabularyGrowth : IDisposable
{
    private VocabularyGrowth(LanguageModel model, ExtendedTokenizer extended, VocabularyGrowthReport report) => (Model, Extended, Report) = (model, extended, report);

    /// <summary>The grown model.</summary>
    public LanguageModel Model { get; }

    /// <summary>The grown tokenizer, with what its new tokens stand for.</summary>
    public ExtendedTokenizer Extended { get; }

    /// <summary>The grown tokenizer.</summary>
    public Tokenizer Tokenizer => Extended.Tokenizer;

    /// <summary>What was measured.</summary>
    public VocabularyGrowthReport Report { get; }

    /// <summary>Learns new tokens and makes a model that has them. Model and tokenizer stay as they are.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="documents">The new text. It is read four times, anew each time, so that it needn't be held.</param>
    /// <param name="options">The options.</param>
    /// <exception cref="CoppiceException">The options are wrong, there is no text, or model and tokenizer don't fit each other or can't be grown.</exception>
    /// <exception cref="OperationCanceledException">Stopped by the caller.</exception>
    public static VocabularyGrowth Grow(LanguageModel model, Tokenizer tokenizer, IEnumerable<Document> documents, VocabularyGrowthOptions options)
    {
        // Before the long work.
        model.RequireCausal("be given new tokens");
        RowInitializers.Get(options.Initializer);
        var texts = documents.Select(document => document.Text);
        var extended = VocabularyExtension.Extend(tokenizer, texts, new VocabularyExtensionOptions
        {
            Tokens = options.Tokens,
            MinFrequency = options.MinFrequency,
            Threads = options.Threads,
            Progress = options.Progress,
            Cancellation = options.Cancellation,
        });
        var before = TokenizerFit.Measure(tokenizer, texts, options.Cancellation);
        var after = TokenizerFit.Measure(extended.Tokenizer, texts, options.Cancellation);
        var grown = VocabularySurgery.Grow(model, extended, options.Initializer, options.Seed, options.Trainable);
        try
        {
            var share = NewTokenShare.Measure(grown, extended.Tokenizer, documents, extended.FirstNewId, extended.Pieces.Count);
            return new VocabularyGrowth(grown, extended, new VocabularyGrowthReport(extended.Pieces.Count, before, after, share));
        }
        catch
        {
            grown.Dispose();
            throw;
        }
    }

    /// <summary>The mask of the first stage of training: only new rows change.</summary>
    /// <param name="steps">How many steps it lasts.</param>
    /// <param name="norms">Whether norms may change too.</param>
    public NewRowsOnly FirstStage(long steps, bool norms = false) => new(Model, Extended.FirstNewId, Extended.Pieces.Count, steps, norms);

    /// <summary>Writes model and tokenizer as a model directory.</summary>
    /// <param name="directory">The directory; made where it is missing.</param>
    /// <exception cref="CoppiceException">It can't be written.</exception>
    public void Save(string directory)
    {
        ModelDirectory.Save(directory, Model);
        TokenizerFiles.Write(Tokenizer, directory, Model.Configuration.MaxPositions);
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();
}
