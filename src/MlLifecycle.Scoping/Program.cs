using MlLifecycle.Scoping;
using MlLifecycle.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("scoping").AddScoping();
var app = builder.Build();
app.UseServiceDefaults().MapScoping();
app.Run();
