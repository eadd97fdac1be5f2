using Coppice.Foundation;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;
using Coppice.Training.Recipes;

namespace Coppice.Training.Data;

/// <summary>The tokenizer that a recipe asks for.</summary>
public static class TokenizerFactory
{
    /// <summary>Loads the tokenizer that the recipe names, or trains one.</summary>
    /// <param name="section">The recipe's section.</param>
    /// <param name="training">The training text.</param>
    /// <param name="validation">The text kept apart. A character tokenizer takes its characters from it too, or it could not be read at all.</param>
    /// <param name="threads">How many threads count words.</param>
    /// <param name="progress">Called now and then.</param>
    /// <param name="specialTokens">The special tokens of one that is trained; null for those that are usual for its kind. wordpiece always has BERT's.</param>
    /// <param name="cancellation">Stops training.</param>
    public static Tokenizer Create(
        TokenizerSection section, IEnumerable<string> training, IEnumerable<string> validation, int threads,
        Action<TrainerProgress>? progress = null, IReadOnlyList<string>? specialTokens = null, CancellationToken cancellation = default)
    {
        if (section.Path.Length > 0) return Tokenizer.Load(section.Path);
        if (section.Type == "character") return CharacterTrainer.Train(training.Concat(validation), specialTokens);
        if (section.Type == "unigram")
        {
            var options = new UnigramTrainerOptions { VocabularySize = section.VocabularySize, Threads = threads, Progress = progress, Cancellation = cancellation };
            // Its own token for the unknown has to be there whatever the others are called.
            return UnigramTrainer.Train(training, specialTokens is null ? options : options with { SpecialTokens = [.. specialTokens.Append(UnigramTrainer.UnknownToken).Distinct()] });
        }

        if (section.Type == "wordpiece")
        {
            return WordPieceTrainer.Train(training, new WordPieceTrainerOptions
            {
                VocabularySize = section.VocabularySize,
                MinFrequency = section.MinFrequency,
                Threads = threads,
                Progress = progress,
                Cancellation = cancellation,
            });
        }

        var style = (section.Type, section.Pattern) switch
        {
            ("bpe_fallback", _) => BpeStyle.Llama,
            ("byte_bpe", "gpt2") => BpeStyle.Gpt2,
            ("byte_bpe", "gpt4") => BpeStyle.Gpt4,
            _ => throw CoppiceException.Usage($"there is no tokenizer of type '{section.Type}' with the pattern '{section.Pattern}'"),
        };
        return BpeTrainer.Train(training, new BpeTrainerOptions
        {
            VocabularySize = section.VocabularySize,
            MinFrequency = section.MinFrequency,
            Style = style,
            SpecialTokens = specialTokens,
            Threads = threads,
            Progress = progress,
            Cancellation = cancellation,
        });
    }
}
