using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Evaluation.Tests.Probing;

public sealed class TagProbeTests : IDisposable
{
    private static readonly Tokenizer Characters = CharacterTrainer.Train(["abcdefghijklmnopqrstuvwxyz "], ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]);

    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose() => _backend.Dispose();

    [Theory]
    [InlineData("bert")]
    [InlineData("llama")]
    public void What_follows_from_the_first_letter_is_read_off_and_what_follows_from_another_is_not(string name)
    {
        using var model = Letters(name, positions: 200);
        var (train, test) = (Sentences(1, 200, word => word[0] < 'd' ? "early" : "late"), Sentences(2, 60, word => word[0] < 'd' ? "early" : "late"));
        var result = TagProbe.Run(model, Characters, train, test);
        Assert.Equal(1, result.Accuracy);
        Assert.Equal((train.Sum(sentence => sentence.Words.Count), test.Sum(sentence => sentence.Words.Count)), (result.TrainWords, result.Words));
        Assert.Equal(result.Words, result.Tags.Values.Sum(tag => tag.Words));
        Assert.Equal(result.Words, result.Sentences.Sum(sentence => sentence.Right));
        Assert.Equal((1.0, 1.0), (result.Low, result.High));

        // A label that hangs on nothing that the model has seen of the word.
        var number = 0;
        string Any(string word) => number++ % 2 == 0 ? "even" : "odd";
        var guessed = TagProbe.Run(model, Characters, Sentences(1, 200, Any), Sentences(2, 60, Any));
        Assert.InRange(guessed.Accuracy, 0.4, 0.6);
        Assert.True(guessed.Low < guessed.Accuracy && guessed.Accuracy < guessed.High, $"{guessed.Low} {guessed.Accuracy} {guessed.High}");
    }

    [Fact]
    public void Long_sentences_are_read_in_windows_and_every_word_is_judged()
    {
        using var model = Letters("bert", positions: 24);
        var train = Sentences(1, 60, word => word[0] < 'd' ? "early" : "late");
        // 24 positions: each sentence is some windows.
        Assert.True(train.All(sentence => sentence.Text.Length > 24));
        var result = TagProbe.Run(model, Characters, train, train);
        Assert.Equal((1, 420), (result.Accuracy, result.Words));
    }

    [Fact]
    public void A_model_against_itself_has_no_difference_and_against_a_better_one_a_certain_one()
    {
        using var model = Letters("bert", positions: 200);
        using var blind = TinyModels.Create(TinyModels.Configuration("bert", positions: 200), _backend);
        foreach (var parameter in blind.Parameters.Parameters) parameter.Tensor.CopyFrom(new float[parameter.Count]);
        var (train, test) = (Sentences(1, 100, word => word[0] < 'd' ? "early" : "late"), Sentences(2, 60, word => word[0] < 'd' ? "early" : "late"));
        var (seeing, not) = (TagProbe.Run(model, Characters, train, test), TagProbe.Run(blind, Characters, train, test));
        Assert.Equal((0.0, 0.0, 0.0), seeing.Against(seeing));
        var (difference, low, high) = not.Against(seeing);
        Assert.True(low < difference && difference < high && high < -0.2, $"{low} {difference} {high}");
        // Of a model that tells nothing, what is most frequent is guessed.
        Assert.Equal(Math.Max(not.Tags["early"].Words, not.Tags["late"].Words), not.Sentences.Sum(sentence => sentence.Right));
        Assert.Throws<CoppiceException>(() => seeing.Against(TagProbe.Run(model, Characters, train, train)));
    }

    [Fact]
    public void A_list_of_the_learned_words_knows_those_and_guesses_the_rest()
    {
        TaggedSentence Of(params (string Form, string Tag)[] words) => new(
            string.Join(' ', words.Select(word => word.Form)), [.. words.Select((word, i) => new TaggedWord(word.Form, words.Take(i).Sum(before => before.Form.Length + 1), word.Tag))]);
        using var model = TinyModels.Create("bert", _backend);
        var result = TagProbe.Run(
            model, Characters, [Of(("run", "verb"), ("run", "noun"), ("run", "verb"), ("cat", "noun"), ("dog", "noun"))], [Of(("run", "verb"), ("run", "noun"), ("cow", "noun"), ("see", "verb"))]);
        Assert.Equal(0.5, result.Lexicon);
    }

    [Fact]
    public void A_damaged_model_and_no_words_are_errors()
    {
        using var model = TinyModels.Create("bert", _backend);
        var sentences = Sentences(1, 5, _ => "x");
        Assert.Throws<CoppiceException>(() => TagProbe.Run(model, Characters, sentences, []));
        model.Parameters["bert.embeddings.LayerNorm.weight"].Tensor.CopyFrom(Enumerable.Repeat(float.NaN, 12).ToArray());
        Assert.Contains("finite", Assert.Throws<CoppiceException>(() => TagProbe.Run(model, Characters, sentences, sentences)).Message, StringComparison.Ordinal);
    }

    /// <summary>A model whose hidden states are those of the letters alone: blocks and positions add nothing.</summary>
    private LanguageModel Letters(string name, int positions)
    {
        var model = TinyModels.Create(TinyModels.Configuration(name, positions: positions), _backend);
        foreach (var parameter in model.Parameters.Parameters)
        {
            if (!parameter.Name.Contains("word_embeddings", StringComparison.Ordinal) && !parameter.Name.Contains("embed_tokens", StringComparison.Ordinal) && !parameter.Name.Contains("norm", StringComparison.OrdinalIgnoreCase))
                parameter.Tensor.CopyFrom(new float[parameter.Count]);
        }

        return model;
    }

    /// <summary>Sentences of seven random words.</summary>
    private static List<TaggedSentence> Sentences(ulong seed, int count, Func<string, string> tag)
    {
        var random = new Philox(seed, 0);
        var next = 0UL;
        var sentences = new List<TaggedSentence>();
        for (var i = 0; i < count; i++)
        {
            string[] words = [.. Enumerable.Range(0, 7).Select(_ => new string([.. Enumerable.Range(0, 3 + random.Integer(next++, 4)).Select(_ => (char)('a' + random.Integer(next++, 8)))]))];
            var start = 0;
            var tagged = new List<TaggedWord>();
            foreach (var word in words)
            {
                tagged.Add(new TaggedWord(word, start, tag(word)));
                start += word.Length + 1;
            }

            sentences.Add(new TaggedSentence(string.Join(' ', words), tagged));
        }

        return sentences;
    }
}
