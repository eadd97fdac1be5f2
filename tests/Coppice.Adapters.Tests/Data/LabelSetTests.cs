using Coppice.Foundation;

namespace Coppice.Adapters.Tests;

public sealed class LabelSetTests
{
    [Fact]
    public void Labels_have_numbers_in_their_order_and_weights_that_make_classes_count_alike()
    {
        var labels = LabelSet.Of(["b", "a", "b", "b", "c", "b"]);
        Assert.Equal(["a", "b", "c"], labels.Names);
        Assert.Equal(1, labels.IndexOf("b", "here"));
        // 6 / (3 · count): counts 1, 4, 1.
        Assert.Equal([2f, 0.5f, 2f], labels.BalancedWeights());
        Assert.Equal(labels.Names, LabelSet.FromNames(["a", "b", "c"]).Names);
    }

    [Fact]
    public void A_label_that_never_occurs_in_training_is_refused_with_its_place()
    {
        var error = Assert.Throws<CoppiceException>(() => LabelSet.Of(["positive", "negative"]).IndexOf("postive", "test.csv, line 9"));
        Assert.StartsWith("test.csv, line 9: the label 'postive' never occurs in the training data; did you mean 'positive'?", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_to_tell_apart_is_refused()
    {
        Assert.Contains("every training example has the label 'a'", Assert.Throws<CoppiceException>(() => LabelSet.Of(["a", "a"])).Message, StringComparison.Ordinal);
        Assert.Throws<CoppiceException>(() => LabelSet.Of([]));
        Assert.Contains("not in order", Assert.Throws<CoppiceException>(() => LabelSet.FromNames(["b", "a"])).Message, StringComparison.Ordinal);
        Assert.Throws<CoppiceException>(() => LabelSet.FromNames(["a"]));
    }
}
