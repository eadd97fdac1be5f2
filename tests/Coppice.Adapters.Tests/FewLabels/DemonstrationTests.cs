using Coppice.Foundation;
using Coppice.Inference;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Adapters.Tests;

public sealed class DemonstrationTests : IDisposable
{
    private static readonly Tokenizer Characters = CharacterTrainer.Train(["abcdefghijklmnopqrstuvwxyz .\n"], ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]);

    private static readonly LabelledText[] Pool = [new("aaab", null, "x", "1"), new("zzzz", null, "y", "2"), new("aaaa", null, "x", "3"), new("aazz", null, "y", "4")];

    private readonly Backend _backend = Backends.Create(threads: 1);
    private readonly LanguageModel _model;
    private readonly TextEmbedder _embedder;

    public DemonstrationTests()
    {
        _model = TinyModels.Create("bert", _backend, vocabulary: Characters.VocabularySize);
        _embedder = new TextEmbedder(_model, Characters);
    }

    public void Dispose()
    {
        _embedder.Dispose();
        _model.Dispose();
        _backend.Dispose();
    }

    [Fact]
    public void The_nearest_comes_last_and_a_text_never_shows_itself()
    {
        var retriever = new DemonstrationRetriever(Pool, _embedder);
        var nearest = retriever.Nearest("aaaa", null, 3);
        Assert.DoesNotContain(nearest, text => text.Text == "aaaa");
        var vectors = _embedder.Embed(["aaaa", .. nearest.Select(text => text.Text)]);
        var cosines = vectors.Skip(1).Select(vector => Vectors.Cosine(vectors[0], vector)).ToList();
        Assert.Equal(3, cosines.Count);
        Assert.Equal(cosines.Order(), cosines);
        Assert.Equal(cosines[^1], Pool.Where(text => text.Text != "aaaa").Max(text => Vectors.Cosine(vectors[0], _embedder.Embed([text.Text])[0])), 1e-5);
    }

    [Fact]
    public void A_question_is_the_text_behind_its_demonstrations_with_the_labels_to_choose_from()
    {
        var retriever = new DemonstrationRetriever(Pool, _embedder);
        var near = retriever.Nearest("zzza", null, 2);
        var question = retriever.Question(new LabelledText("zzza", null, "y", "here"), near);
        Assert.Equal($"{near[0].Text}\n{near[0].Label}\n\n\n{near[1].Text}\n{near[1].Label}\n\n\nzzza\n", question.Prompt);
        Assert.Equal(["x", "y"], question.Choices);
        Assert.Equal(1, question.Answer);
        Assert.Contains("no demonstration has the label 'z'", Assert.Throws<CoppiceException>(() => retriever.Question(new LabelledText("a", null, "z", "here"), [])).Message, StringComparison.Ordinal);
    }
}
