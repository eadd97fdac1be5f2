using Coppice.Adapters.Directories;
using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Adapters.Tests.Directories;

public class AdapterStateTests
{
    public static TheoryData<string, string> All => AdaptedModel.All;

    [Theory]
    [MemberData(nameof(All))]
    public void A_state_comes_back_to_the_bit_whatever_the_method(string method, string architecture)
    {
        using var folder = new TemporaryFolder();
        using var trained = new AdaptedModel(method, architecture);
        trained.Train();
        AdapterState.Save(folder.Root, trained.Adapter);
        using var resumed = new AdaptedModel(method, architecture);
        AdapterState.Load(folder.Root, resumed.Adapter);
        Assert.Equal(trained.AdaptedOutput(), resumed.AdaptedOutput());
    }

    [Fact]
    public void The_state_of_another_adapter_is_refused()
    {
        using var folder = new TemporaryFolder();
        using var trained = new AdaptedModel("lora", "llama");
        AdapterState.Save(folder.Root, trained.Adapter);
        using var narrower = new AdaptedModel("lora", "llama", AdaptedModel.Settings("lora") with { Targets = TargetPattern.Of("q_proj") });
        Assert.Throws<CoppiceException>(() => AdapterState.Load(folder.Root, narrower.Adapter));
        using var lower = new AdaptedModel("lora", "llama", AdaptedModel.Settings("lora") with { Rank = 2 });
        Assert.Throws<CoppiceException>(() => AdapterState.Load(folder.Root, lower.Adapter));
        using var other = new AdaptedModel("dora", "llama");
        Assert.Throws<CoppiceException>(() => AdapterState.Load(folder.Root, other.Adapter));
    }
}
