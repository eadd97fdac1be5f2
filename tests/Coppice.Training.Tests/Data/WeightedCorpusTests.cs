using Coppice.Corpus;
using Coppice.Testing;
using Coppice.Training.Data;
using Coppice.Training.Planning;
using Coppice.Training.Recipes;

namespace Coppice.Training.Tests.Data;

public sealed class WeightedCorpusTests
{
    [Fact]
    public void Training_sees_the_documents_of_a_corpus_by_their_weights_and_the_plan_counts_them_so()
    {
        using var folder = new TemporaryFolder();
        var documents = Enumerable.Range(0, 40).Select(i => new Document($"{i}", $"the text of document {i} of this corpus", "s") { Weight = i % 4 });
        CorpusWriter.Write(folder.At("corpus"), documents, CorpusSplit.None, new CorpusReport());
        var recipe = Recipe.Parse("""
            tokenizer: { type: byte_bpe, vocabulary_size: 300 }
            training: { steps: 3, batch_size: 2, sequence_length: 8 }
            data: { validation: { split: none } }
            """);
        recipe = recipe with { Data = recipe.Data with { Sources = [new SourceSection { Name = "s", Paths = [folder.At("corpus")] }] } };
        using var data = PreparedData.Prepare(recipe, folder.At("run"), _ => { }, CancellationToken.None);
        var store = data.Sources[0].Train;

        // Ten documents each of weight 0, 1, 2 and 3.
        Assert.Equal(60, store.DocumentCount);
        var plan = CorpusPlan.For(recipe, _ => { }, CancellationToken.None);
        Assert.Equal(store.TokenCount, plan.Mixture.Sources[0].Tokens);
    }
}
