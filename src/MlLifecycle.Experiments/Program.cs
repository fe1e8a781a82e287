using MlLifecycle.Experiments;
using MlLifecycle.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("experiments").AddExperiments();
var app = builder.Build();
app.UseServiceDefaults().MapExperiments();
app.Run();
