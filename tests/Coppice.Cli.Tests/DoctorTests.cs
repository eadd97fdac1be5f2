namespace Coppice.Cli.Tests;

public class DoctorTests
{
    [Fact]
    public void The_machine_is_described_in_one_object()
    {
        var found = CommandRun.Of("doctor", "--json").Json;
        Assert.Equal(Environment.ProcessorCount, found.GetProperty("cores").GetInt32());
        Assert.Contains(found.GetProperty("kernel").GetString(), found.GetProperty("kernels_supported").EnumerateArray().Select(level => level.GetString()));
        Assert.True(found.GetProperty("gigaflops_per_second").GetDouble() > 0);
    }

    [Fact]
    public void A_runtime_without_unicode_normalisation_is_a_problem()
    {
        var run = CommandRun.Of(["doctor", "--json"], [], ("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1"));
        Assert.Equal(1, run.ExitCode);
        Assert.False(run.Json.GetProperty("unicode_normalization").GetBoolean());
        Assert.Contains(run.Json.GetProperty("problems").EnumerateArray(), problem => problem.GetString()!.Contains("ICU", StringComparison.Ordinal));
    }

    [Fact]
    public void A_kernel_that_does_not_exist_is_named_with_those_that_do()
    {
        var run = CommandRun.Of(["doctor"], [], ("COPPICE_KERNEL", "avx9"));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("avx512", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Techniques_are_listed_from_every_room()
    {
        var techniques = CommandRun.Of("techniques", "--json").Json.GetProperty("techniques").EnumerateArray().ToDictionary(technique => technique.GetProperty("name").GetString()!);
        Assert.Equal("arXiv:1508.07909", techniques["bpe"].GetProperty("paper").GetString());
        Assert.Equal("arXiv:1608.03983", techniques["cosine"].GetProperty("paper").GetString());
        Assert.NotEmpty(techniques["rope"].GetProperty("title").GetString()!);
    }
}
