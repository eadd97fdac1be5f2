using Coppice.Evaluation;
using Coppice.Foundation;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Adapters.Tests;

public sealed class ClassificationRenderingTests
{
    private static readonly Tokenizer Characters = CharacterTrainer.Train(["abcdefghijklmnopqrstuvwxyz .é"], ["<s>", "</s>"]);

    [Fact]
    public void A_label_stands_on_the_last_token_of_its_document_with_the_weight_of_its_class()
    {
        var labels = LabelSet.Of(["no", "yes"]);
        var task = ClassificationRendering.Classes([new("ab", null, "yes", "here"), new("c", "de", "no", "here")], labels, Characters, 20, [0.5f, 2]);
        Assert.Equal(["<s>ab</s>", "<s>c</s>de</s>"], task.Examples.Select(Text));
        Assert.Equal([(1, 2f), (0, 0.5f)], task.Examples.Select(example => (example.Documents[0].Targets[^1], example.Documents[0].Weights[^1])));
        Assert.Equal(2, task.CountedTargets);
        Assert.Equal([1, 0], TaskGuesses.RightClasses(task.Examples));
    }

    [Fact]
    public void The_longer_text_of_a_pair_is_shortened_and_the_end_stays()
    {
        var labels = LabelSet.Of(["no", "yes"]);
        var task = ClassificationRendering.Classes([new("abcdef", "gh", "yes", "here"), new("ab", "c", "no", "here")], labels, Characters, 8);
        Assert.Equal(["<s>abc</s>gh</s>", "<s>ab</s>c</s>"], task.Examples.Select(Text));
        Assert.Equal(1, task.Shortened);
        Assert.Contains("too few", Assert.Throws<CoppiceException>(() => ClassificationRendering.Classes([new("a", "b", "no", "here")], labels, Characters, 2)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_survive_as_targets()
    {
        var task = ClassificationRendering.Numbers([new("a", null, "-0.25", "here"), new("b", null, "0", "here")], Characters, 20);
        Assert.Equal([-0.25f, 0f], TaskGuesses.RightNumbers(task.Examples));
    }

    [Fact]
    public void Each_answer_of_a_choice_is_a_document_and_the_right_one_counts()
    {
        var task = ClassificationRendering.Choices([new MultipleChoiceItem("abcd", ["x", "yz"], 1), new MultipleChoiceItem("", ["abcdefg", "b", "c"], 0)], Characters, 6);
        var example = Assert.Single(task.Examples);
        Assert.Equal(["<s>cdx</s>", "<s>cdyz</s>"], example.Documents.Select(document => Characters.Decode(document.Tokens, skipSpecialTokens: false)));
        Assert.Equal([0f, 1f], example.Documents.Select(document => document.Weights[^1]));
        Assert.Equal([0, 1], example.Documents.Select(document => document.Targets[^1]));
        Assert.Equal((1, 1, "question 2"), (task.Shortened, task.LeftOut, task.FirstLeftOut));
        Assert.Equal([1], TaskGuesses.RightClasses(task.Examples));
    }

    [Fact]
    public void Labels_of_words_stand_on_the_token_with_their_first_or_last_letter()
    {
        TaggedSentence[] sentences = [new("the dog.", [new("the", 0, "DET"), new("dog", 4, "NOUN"), new(".", 7, "PUNCT")])];
        var labels = LabelSet.Of(["DET", "NOUN", "PUNCT"]);
        // Characters behind <s>: t h e _ d o g .
        var first = TokenClassificationRendering.Render(sentences, labels, Characters, 100).Examples[0].Documents[0];
        Assert.Equal([1, 5, 8], Places(first));
        Assert.Equal([0, 1, 2], Places(first).Select(place => first.Targets[place]));
        var last = TokenClassificationRendering.Render(sentences, labels, Characters, 100, LabelledToken.Last).Examples[0].Documents[0];
        Assert.Equal([3, 7, 8], Places(last));
    }

    [Fact]
    public void A_long_sentence_becomes_windows_and_no_label_is_lost()
    {
        TaggedSentence[] sentences = [new("a b c", [new("a", 0, "X"), new("b", 2, "Y"), new("c", 4, "X")])];
        var labels = LabelSet.Of(["X", "Y"]);
        // <s>a_ | b_c | </s>: the last window has no label.
        var task = TokenClassificationRendering.Render(sentences, labels, Characters, 3);
        Assert.Equal(["<s>a ", "b c"], task.Examples[0].Documents.Select(document => Characters.Decode(document.Tokens, skipSpecialTokens: false)));
        Assert.Equal([0, 1, 0], TaskGuesses.RightClasses(task.Examples));
        Assert.Equal(["X", "Y", "X"], TaskGuesses.RightLabels(task.Examples, labels)[0]);
        Assert.Equal(0, task.LostLabels);
    }

    [Fact]
    public void Labels_of_words_without_a_token_of_their_own_are_counted_as_lost()
    {
        // Two words of one letter share its token, and one stands where there is none.
        TaggedSentence[] sentences = [new("ab", [new("a", 0, "X"), new("b", 1, "X"), new("b", 1, "Y"), new("c", 9, "Y")])];
        var task = TokenClassificationRendering.Render(sentences, LabelSet.Of(["X", "Y"]), Characters, 100);
        Assert.Equal(2, task.LostLabels);
        Assert.Equal([0, 0], TaskGuesses.RightClasses(task.Examples));
        Assert.Contains("2 labels of words", task.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_label_that_never_occurs_in_training_is_refused()
    {
        var labels = LabelSet.Of(["X", "Y"]);
        var error = Assert.Throws<CoppiceException>(() => TokenClassificationRendering.Render([new("a", [new("a", 0, "Z")])], labels, Characters, 10));
        Assert.StartsWith("sentence 1, word 'a': the label 'Z' never occurs", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<CoppiceException>(() => ClassificationRendering.Classes([new("a", null, "Z", "a.csv, line 2")], labels, Characters, 10));
        Assert.StartsWith("a.csv, line 2: the label 'Z' never occurs", error.Message, StringComparison.Ordinal);
    }

    private static string Text(TaskExample example) => Characters.Decode(example.Documents[0].Tokens, skipSpecialTokens: false);

    private static IEnumerable<int> Places(TaskDocument document) => Enumerable.Range(0, document.Tokens.Length).Where(place => document.Weights[place] > 0);
}
